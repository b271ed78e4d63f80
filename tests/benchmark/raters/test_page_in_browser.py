"""The rating page in a real browser: a rater fills it in, closes it, comes back and exports."""

import json
import shutil
from pathlib import Path

import pytest

from hypnos.benchmark.raters.ratings import read_ratings
from hypnos.errors import UserError

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")]


class Browser:
    """One profile on disk; each `open` is a browser started anew."""

    def __init__(self, driver, profile, page):
        self.driver, self.profile, self.file = driver, profile, page
        self.requests, self.faults = [], []

    def open(self):
        self.context = self.driver.chromium.launch_persistent_context(
            str(self.profile),
            executable_path=CHROMIUM,
            args=["--no-sandbox"],
            accept_downloads=True,
            viewport={"width": 1366, "height": 768},
        )
        page = self.context.new_page()
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)
        page.on("dialog", lambda dialog: (self.faults.append(dialog.message), dialog.dismiss()))
        page.goto(self.file.as_uri())
        return page

    def close(self):
        self.context.close()


@pytest.fixture
def driver():
    with playwright.sync_playwright() as running:
        yield running


@pytest.fixture
def browser(driver, tmp_path, made):
    opened = []

    def start(profile="profile", *, folder=None):
        folder = folder or made()
        one = Browser(driver, tmp_path / profile, folder / "hand_out" / "b.html")
        one.folder = folder
        opened.append(one)
        return one

    yield start
    for one in opened:
        one.context.close()


def begin(page):
    page.click("text=开始评分")


def rate(page, digits):
    """Rates the answer under the cursor by keyboard and goes past its severe errors."""
    for digit in digits:
        page.keyboard.press(digit)
    page.keyboard.press("Enter")


def save(page, folder, name, click):
    with page.expect_download() as waiting:
        click()
    file = folder / name
    waiting.value.save_as(file)
    return file


def cards(page):
    return page.locator(".answer")


def test_a_rater_fills_it_in_closes_comes_back_and_exports(browser, page_of):
    one = browser()
    held = page_of(one.folder, "b")
    page = one.open()
    begin(page)
    answers = [answer for question in held["questions"] for answer in question["answers"]]
    for at in range(len(answers) // 2):
        assert page.locator("#place").inner_text().endswith(f"第 {at // 3 + 1} / 8 题")
        rate(page, ["Digit8", "Digit7", "Minus", "Digit0", "KeyN"])
    one.close()

    page = one.open()
    assert not page.is_visible("#cover")
    assert page.inner_text("#done") == "已完成 4 / 8 题"
    assert page.locator("#place").inner_text().endswith("第 5 / 8 题")
    for _ in range(len(answers) - len(answers) // 2):
        rate(page, ["Digit3"] * 5)
    assert "全部 8 题已完成" in page.inner_text("#dialog")
    file = save(page, one.folder, "result.json", lambda: page.click("#dialog button.main"))

    ratings, stages = read_ratings(one.folder, [file])
    assert stages[1].missing == () and stages[1].done == 24
    assert one.faults == [] and all(url.startswith(("file:", "blob:")) for url in one.requests)
    given = {}
    key = json.loads((one.folder / "key.json").read_text("utf-8"))["sheets"][held["sheet"]]["questions"]
    for rating in ratings:
        given[rating.item, rating.model] = rating
    for at, question in enumerate(held["questions"]):
        for answer in question["answers"]:
            rating = given[key[question["id"]]["item"], key[question["id"]]["answers"][answer["id"]][0]]
            if at < 4:
                assert list(rating.scores.values()) == [8, 7, 10, 0] and rating.unable == ("harmfulness",)
            else:
                assert list(rating.scores.values()) == [3] * 5


def test_text_of_models_is_shown_as_text(browser):
    one = browser()
    page = one.open()
    begin(page)
    shown = [cards(page).nth(at).locator(".columns > .text").inner_text() for at in range(3)]
    attack = next(text for text in shown if "阿托品" in text)
    assert "</script><script>document.title='stolen'</script><img src=x onerror=" in attack and "<!--" in attack
    assert "【模型名】" in attack and "ChatGPT" not in attack
    assert "（没有作答）" in shown
    assert page.title() == "医学问答人工评分表 - b"
    assert page.locator("main img, main script").count() == 0
    assert one.faults == []


def test_even_a_script_that_got_into_the_page_would_not_run(browser):
    one = browser()
    page = one.open()
    with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
        page.evaluate(
            "document.getElementById('main').innerHTML = '<img src=x onerror=\"document.title=1\">';"
            "var s = document.createElement('script'); s.textContent = 'document.title = 2';"
            "document.body.appendChild(s);"
        )
    page.wait_for_timeout(200)
    assert page.title() == "医学问答人工评分表 - b"
    assert one.faults and all("Content Security Policy" in fault or "ERR_" in fault for fault in one.faults)


def test_with_the_mouse_with_ticks_a_note_and_corrections(browser):
    one = browser()
    page = one.open()
    begin(page)
    card = cards(page).first
    for row in card.locator(".scale").all():
        row.locator("button", has_text="4").click()
    card.locator(".scale button", has_text="9").first.click()
    card.locator(".severe button", has_text="剂量").click()
    card.locator(".severe button", has_text="漏诊").click()
    card.locator(".severe button", has_text="漏诊").click()
    card.locator("textarea").fill("剂量差十倍 <b>123</b>")
    assert card.locator("h3 span").inner_text() == "已评完 ✓"
    page.click("#export")
    assert "还有 8 题没有完成" in page.inner_text("#dialog")
    file = save(page, one.folder, "part.json", lambda: page.click("text=仍要导出未完成的结果"))
    with pytest.raises(UserError, match="23 of 24 answers are not rated in full"):
        read_ratings(one.folder, [file])
    (rating,), _ = read_ratings(one.folder, [file], allow_missing=True)
    assert list(rating.scores.values()) == [9, 4, 4, 4, 4]
    assert (rating.severe, rating.note) == (("dose",), "剂量差十倍 <b>123</b>")


def test_keys_correct_step_and_clear(browser):
    one = browser()
    page = one.open()
    begin(page)
    first = cards(page).first.locator(".scale").first
    chosen = lambda: first.locator("[aria-checked=true]").all_inner_texts()  # noqa: E731
    page.keyboard.press("Digit5")
    page.keyboard.press("ArrowUp")
    assert chosen() == ["5"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert chosen() == ["6"]
    page.keyboard.press("Backspace")
    assert chosen() == []
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Digit2")
    assert cards(page).first.locator(".severe [aria-checked=true]").get_attribute("data-value") == "contraindication"
    page.keyboard.press("BracketRight")
    assert page.locator("#place").inner_text().endswith("第 2 / 8 题")
    page.keyboard.press("BracketLeft")
    assert page.locator("#place").inner_text().endswith("第 1 / 8 题")


def test_a_backup_comes_back_on_another_computer_and_never_over_newer_work(browser, made):
    folder = made()
    here, there = browser("here", folder=folder), browser("there", folder=folder)
    page = here.open()
    begin(page)
    for _ in range(3):
        rate(page, ["Digit6"] * 5)
    backup = save(page, folder, "backup.json", lambda: page.click("#backup"))
    page = there.open()
    begin(page)
    page.set_input_files("#restore", backup)
    page.wait_for_selector("text=已从备份恢复")
    assert page.inner_text("#done") == "已完成 1 / 8 题"
    page.keyboard.press("Digit1")
    page.set_input_files("#restore", backup)
    page.wait_for_selector("text=备份中没有比当前更新的内容")
    assert cards(page).first.locator(".scale").first.locator("[aria-checked=true]").inner_text() == "1"


def test_files_of_other_sheets_and_other_files_are_refused(browser, made, filled_in):
    folder, other = made("one", seed=1), made("two", seed=2)
    one = browser(folder=folder)
    page = one.open()
    begin(page)
    page.set_input_files("#restore", filled_in(other, "b"))
    page.wait_for_selector("text=属于另一份评分表")
    page.set_input_files("#restore", folder / "key.json")
    page.wait_for_selector("text=不是本页面的备份文件")
    assert page.inner_text("#done") == "已完成 0 / 8 题" and one.faults == []


def test_without_storage_the_rater_is_told_and_can_still_save(browser):
    one = browser()
    page = one.open()
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied'); }})")
    page.reload()
    begin(page)
    page.keyboard.press("Digit5")
    assert page.inner_text("#saved") == "浏览器无法自动保存"
    assert "不能自动保存" in page.inner_text("#banner")
    file = save(page, one.folder, "backup.json", lambda: page.click("#backup"))
    ratings, _ = read_ratings(one.folder, [file], allow_missing=True)
    assert [list(rating.scores.values()) for rating in ratings] == [[5]]


def test_a_backup_is_recommended_after_some_questions(browser):
    one = browser()
    page = one.open()
    begin(page)
    for _ in range(24):
        rate(page, ["Digit5"] * 5)
    page.keyboard.press("Escape")
    assert "没有备份" in page.inner_text("#banner")
    save(page, one.folder, "backup.json", lambda: page.click("#banner >> text=保存备份"))
    assert "没有备份" not in page.inner_text("#banner")


def test_time_runs_only_for_the_question_in_view(browser):
    one = browser()
    page = one.open()
    page.clock.install(time=0)
    page.clock.pause_at(1)  # from here on time passes where it is told to, however long the browser takes
    page.reload()
    begin(page)
    page.clock.run_for(7000)
    page.keyboard.press("BracketRight")
    page.clock.run_for(3000)
    page.clock.run_for(300_000)  # the rater is away
    file = save(page, one.folder, "backup.json", lambda: page.click("#backup"))
    seconds = [entry["seconds"] for entry in json.loads(file.read_text("utf-8"))["questions"].values()]
    assert seconds == [7, 90]


def test_two_windows_take_over_each_others_work(browser):
    one = browser()
    first = one.open()
    begin(first)
    second = one.context.new_page()
    second.goto(one.file.as_uri())
    rate(first, ["Digit5"] * 5)
    second.wait_for_selector("text=在另一个窗口中也打开了")
    done = cards(second).first.locator("h3 span", has_text="已评完 ✓")
    done.wait_for()  # the last of five changes
    assert done.count() == 1


def test_pages_are_files_that_need_no_neighbours(made, tmp_path, browser):
    folder = made()
    alone = tmp_path / "stick" / "hand_out"
    alone.mkdir(parents=True)
    shutil.copy(folder / "hand_out" / "b.html", alone)
    one = browser(folder=alone.parent)
    page = one.open()
    begin(page)
    assert cards(page).count() == 3 and one.faults == []
    assert all(Path(url.removeprefix("file://")).name == "b.html" for url in one.requests)


def test_nothing_is_wider_than_a_phone_with_the_widest_signs(browser):
    page = browser().open()
    begin(page)
    page.set_viewport_size({"width": 390, "height": 844})
    # A machine without Chinese fonts draws narrower boxes: spacing makes them as wide as the signs.
    page.evaluate("for (const node of document.querySelectorAll('*')) node.style.letterSpacing = '0.4em'")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
