"""Writes HTML pages that need nothing else: pictures lie within, and no address is asked.

Texts of models and records are shown as text, never as markup. `page.html`, `page.css` and `page.js` are the report's,
`words_zh.json` its words in Chinese; `sheet.*` is the frame of pages that people fill in.

Files:
    report_page     the report: tables, figures, and questions with every model's answer
    funnel_page     the funnel: counts, pictures, and samples of what was removed
    offline_page    a page that people fill in: style, script and sheet in one file
    highlights      marks drugs and doses in answers
    words           says what stands on a page in its language
"""
