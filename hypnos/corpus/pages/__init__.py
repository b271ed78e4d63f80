"""Reads guidelines and textbooks as passages, a page each, with tables as Markdown.

Files:
    pdf     PDF, by pymupdf
    word    DOCX, by python-docx; pages as Word last laid them out
"""
