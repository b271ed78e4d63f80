"""The review page in a real browser: a physician decides, mends, comes back and exports."""

import pytest

from hypnos.curation.review.filled import read_decisions
from hypnos.curation.review.step import ReviewStep

pytestmark = pytest.mark.slow


def test_a_physician_accepts_mends_rejects_and_hands_in(chromium, pages, rows, tmp_path):
    folder = pages(reviewers=["zhang"])
    context = chromium.new_context(accept_downloads=True)
    faults, requests = [], []

    def open_page():
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.goto((folder / "hand_out" / "zhang.html").as_uri())
        return page

    page = open_page()
    assert page.title() == "审核 - zhang" and page.locator("main img, main script").count() == 0
    assert "</script><script>document.title='stolen'" in page.inner_text("main")  # shown as text
    page.keyboard.press("1")
    page.keyboard.press("]")
    page.keyboard.press("2")
    assert page.inner_text("#missing") == "选了“修改”，但文字还没有改动"
    mended = page.input_value("textarea[data-field=output]").replace("回答", "改过的回答")
    page.fill("textarea[data-field=output]", mended)
    assert page.inner_text("#missing") == ""
    page.close()

    page = open_page()  # where it was, with what was written
    assert page.input_value("textarea[data-field=output]") == mended
    page.click("button:has-text('下一条')")
    page.keyboard.press("3")
    assert page.inner_text("#missing") == "请选择退回的原因"
    page.select_option("select", "dose")
    page.fill("textarea[aria-label=备注]", "多了十倍")
    page.click("button:has-text('下一条')")
    page.keyboard.press("3")  # without a reason: it is not handed in
    with page.expect_download() as waiting:
        page.click("#export")
    file = tmp_path / "zhang.json"
    waiting.value.save_as(file)
    assert "还有 3 条没有完成" in page.inner_text("#banner")
    assert faults == [] and all(url.startswith(("file:", "blob:")) for url in requests)

    decisions = read_decisions(folder, [file])
    rejected = []
    step = ReviewStep(decisions, unreviewed="keep")
    kept = list(step.run(rows, lambda row, reason: rejected.append((reason, row["review"][0]["note"]))))
    assert rejected == [("review_dose", "多了十倍")]
    assert [row["output"] for row in kept if "before_review" in row] == [mended]
    assert step.notes()["review"] == {"reviewers": 1, "accepted": 1, "mended": 1, "rejected": 1, "not reviewed": 3}
