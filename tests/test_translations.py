"""The Korean catalogue is complete, uses the words of the house, and its compiled form is up to date."""

import ast
import gettext
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CATALOGUE = ROOT / "locale/ko/LC_MESSAGES/django.po"
LINE = re.compile(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")')
PLACEHOLDER = re.compile(r"%\(\w+\)(?:\.\d)?[sdf]|\{\w*\}")
WORDS = {
    "source set": "원본 이미지 모음",
    "source image": "원본 이미지",
    "preset": "프리셋",
    "generation job": "생성 작업",
    "job task": "작업 단계",
    "job event": "작업 이벤트",
    "generator": "생성 모델",
    "dataset": "데이터셋",
    "quality report": "품질 보고서",
    "listing": "판매 상품",
    "purchase": "구매",
    "posting": "전기",
    "bundle": "다운로드 파일",
    "decision": "심사 결과",
}


# What one might also have said. Readers meet one word for one thing.
REFUSED = (
    *("데이터 세트", "데이터세트", "자료집", "번들", "제너레이터", "생성기", "소스 이미지", "소스 세트", "원본 세트"),
    *(
        "사전 설정",
        "레시피",
        "구입",
        "품질 리포트",
        "포스팅",
        "리스팅",
        "분개",
        "장부",
        "생성작업",
        "판매상품",
        "검토 결과",
    ),
)


@dataclass
class Entry:
    flags: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str:
        return self.texts["msgid"]

    @property
    def translations(self) -> list[str]:
        return [text for name, text in self.texts.items() if name.startswith("msgstr")]


def entries(path: Path) -> list[Entry]:
    blocks = re.split(r"\n\s*\n", path.read_text(encoding="utf-8"))
    found = [parsed(block) for block in blocks if re.search(r'^msgid "', block, re.MULTILINE)]
    return [entry for entry in found if entry.source]


def parsed(block: str) -> Entry:
    entry, name = Entry(), ""
    for line in block.splitlines():
        if line.startswith("#,"):
            entry.flags += line
        elif match := LINE.fullmatch(line):
            name = match.group(1)
            entry.texts[name] = ast.literal_eval(match.group(2))
        elif line.startswith('"'):
            entry.texts[name] += ast.literal_eval(line)
    return entry


KOREAN = entries(CATALOGUE)


def test_nothing_is_missing_or_guessed():
    assert len(KOREAN) > 500
    assert [entry.source for entry in KOREAN if "fuzzy" in entry.flags or not all(entry.translations)] == []


def test_translations_keep_the_placeholders():
    wrong = [
        entry.source
        for entry in KOREAN
        for text in entry.translations
        if sorted(PLACEHOLDER.findall(text)) != sorted(PLACEHOLDER.findall(entry.source))
    ]
    assert wrong == []


@pytest.mark.parametrize(("english", "korean"), WORDS.items())
def test_the_words_of_the_house(english, korean):
    assert {text for entry in KOREAN if entry.source.lower() == english for text in entry.translations} == {korean}


def test_no_other_word_is_used_for_what_has_one():
    found = {word for entry in KOREAN for text in entry.translations for word in REFUSED if word in text}
    assert found == set()


def test_the_tone_is_one():
    casual = re.compile(r"(에요|예요|세요|나요|까요|어요|아요|해요|네요)[.?!]?$", re.MULTILINE)
    assert [text for entry in KOREAN for text in entry.translations if casual.search(text)] == []


def test_the_compiled_catalogue_is_up_to_date():
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    stale = [entry.source for entry in KOREAN if compiled.gettext(entry.source) not in entry.translations]
    plain = [entry for entry in KOREAN if "msgid_plural" not in entry.texts and "msgctxt" not in entry.texts]
    assert [source for source in stale if source in {entry.source for entry in plain}] == []


@pytest.mark.slow
def test_every_marked_text_is_in_the_catalogue(tmp_path):
    if not shutil.which("xgettext"):
        pytest.skip("gettext is not installed, so new texts were not looked for")
    for name in ("ganerate", "generation", "marketplace", "templates", "locale"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "engine"))
    outside = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    admin = Path(sys.executable).with_name("django-admin")
    subprocess.run([admin, "makemessages", "-l", "ko", "--no-location"], cwd=tmp_path, env=outside, check=True)
    found = {entry.source for entry in entries(tmp_path / CATALOGUE.relative_to(ROOT))}
    assert found - {entry.source for entry in KOREAN} == set()
