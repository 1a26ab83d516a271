"""Submissions from Moodle and Canvas, grades and feedback back: nothing lost, nothing guessed."""

import csv
import datetime
import io
import os
import re
import shutil
import subprocess
import zipfile

import pytest
from typer.testing import CliRunner

from course_utils.course import cli
from course_utils.errors import CourseError
from course_utils.grading import lms, lms_collect, record, report, run, sheets
from course_utils.grading.lms_collect import collect
from course_utils.grading.lms_return import give_back
from course_utils.repository import ROOT
from grading.lms_files import (
    CANVAS,
    FILE,
    NAME,
    OTHER,
    WHEN,
    WORK,
    archive,
    change,
    grade,
    gradebook_of_canvas,
    make_course,
    moodle,
    worksheet,
)

SUBMITTED = "Submitted for grading -  - "
LATE = "Submitted for grading - 3 mins 31 secs late -  - "
EARLIER = (2026, 6, 10, 8, 0, 0)
ADA = moodle("Ada Lovelace", 101)
TABLES = {
    "moodle": b'\xef\xbb\xbfIdentifier,Full name,Grade\nParticipant 1,"Bo, ""x""\n\xc3\xa9",\n',
    "windows": b'Identifier;Full name;Grade\r\n"Participant 1";=1+1;"7"\r\n\r\n;;\r\n',
    "latin-1": b"Identifier,Full name,Grade\nParticipant 1,Andr\xe9,",
    "excel": "Identifier\tFull name\tGrade\rParticipant 1\té\t3\r".encode("utf-16"),
}
BAD = {
    "../../../evil.ipynb": "leads out of the archive",
    "/etc/evil.ipynb": "leads out of the archive",
    "C:/evil.ipynb": "leads out of the archive",
    "..\\..\\evil.ipynb": "leads out of the archive",
    moodle("E", 1, "../../evil.ipynb"): "leads out of the archive",
    moodle("E", 1, "./evil.ipynb"): "its name is none that a file can have",
    moodle("E", 1, "a\x1b[31m.txt"): "its name is none that a file can have",
    moodle("E", 1, "x" * 300): "its name is too long",
    "readme.txt": "its name tells no student",
    moodle("E", 1, "timestamp.txt"): "nbgrader keeps its own",
    moodle("E", 1, "submission_secret.txt"): "nbgrader keeps its own",
    moodle("E", 1, ".ipynb_checkpoints/x.ipynb"): "a folder that is not graded",
    moodle("E", 1, "large.bin"): "it has 6 MB, more than 5",
}
ROWS = [
    (101, "Ada", "a@x", SUBMITTED, "", "-"),
    (102, "=1+1", "b@x", LATE, "7.00", "-"),
    (103, "Zoë", "z@x", SUBMITTED, "", "-"),
    (999, "Nobody", "n@x", "No submission", "", "-"),
]
SCORES = {"moodle-101": (20, 2.5), "moodle-102": (11, 3), "moodle-103": (20, None)}


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path)


def folder_of(course, student):
    return course / "gradebook/submitted" / student / NAME


def files_of(course, student):
    folder = folder_of(course, student)
    return {p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(folder.rglob("*")) if p.is_file()}  # fmt: skip


def all_files(course):
    return {p.relative_to(course).as_posix() for p in course.rglob("*")}


def told(done, student=None):
    return "\n".join(s for who, s in done.told if student in (None, who))


class TestSheets:
    """A table comes back as it was, byte by byte, but for what was filled in."""

    @pytest.mark.parametrize("kind", TABLES)
    def test_only_the_field_that_is_filled_differs(self, kind, tmp_path):
        data, path = TABLES[kind], tmp_path / "a.csv"
        path.write_bytes(data)
        sheet = sheets.read_sheet(path)
        assert (sheet.lms, sheet.number(sheet.rows[0])) == ("moodle", "1")
        assert sheet.changed({}) == data
        filled = sheet.changed({(0, 2): "12.5"})
        path.write_bytes(filled)
        again = sheets.read_sheet(path)
        assert [[f.value for f in row] for row in again.rows] == [
            [f.value for f in row[:2]] + ["12.5"] for row in sheet.rows
        ]
        old = sheet.rows[0][2].value.encode(sheet.encoding)
        assert len(filled) == len(data) - len(old) + len("12.5".encode(sheet.encoding))

    def test_fields_are_those_that_csv_reads(self, tmp_path):
        path = gradebook_of_canvas(tmp_path / "c.csv", [('O"Neill, "x"\ny', 1, "s", "3")])
        sheet = sheets.read_sheet(path)
        with path.open(newline="") as file:
            assert [sheet.header, *([f.value for f in row] for row in sheet.rows)] == [
                CANVAS, *list(csv.reader(file))[1:],
            ]  # fmt: skip
        assert sheet.lms == "canvas"

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b'Identifier,Grade\n"Participant 1,\n', "a quote in line 2 is not closed"),
            (b"", "is empty"),
            (b"PK\x03\x04", "a workbook: export it as CSV"),
            (b"\xef\xbb\xbfa,\xff\n", "is no text"),
        ],
    )
    def test_what_is_no_table_is_refused(self, data, why, tmp_path):
        (tmp_path / "a.csv").write_bytes(data)
        with pytest.raises(CourseError, match=why):
            sheets.read_sheet(tmp_path / "a.csv")

    @pytest.mark.parametrize("student", ["../x", ".x", "a/b", "a\tb", " a", "x" * 101, "a*"])
    def test_an_id_that_could_leave_its_folder_is_refused(self, student, tmp_path):
        (tmp_path / "r.csv").write_text(f'student_id,lms_id\n"{student}",1\n')
        if student == " a":  # space around is nothing
            assert sheets.read_roster(tmp_path / "r.csv").columns == {"lms_id": {"1": {"a"}}}
        else:
            with pytest.raises(CourseError, match="cannot be the id"):
                sheets.read_roster(tmp_path / "r.csv")


class TestNames:
    def test_moodle_with_folders_and_without_in_whatever_folder(self, tmp_path):
        names = [ADA, "top/Ada Lovelace_101_assignsubmission_file/sub/x.txt",
                 "Zoë Ä_102_assignsubmission_file_my_file.ipynb",
                 "Ada Lovelace_101_assignsubmission_onlinetext_/onlinetext.html"]  # fmt: skip
        entries = lms_collect.open_archive(archive(tmp_path / "a.zip", dict.fromkeys(names, b"")))
        kind, (ada, zoe), strange = lms.arrivals(entries.entries)
        assert (kind, strange) == ("moodle", [])
        assert (ada.number, ada.name, ada.texts) == ("101", "Ada Lovelace", ["onlinetext.html"])
        assert [f.path for f in ada.files] == [FILE, "sub/x.txt"]
        assert (zoe.name, [f.path for f in zoe.files]) == ("Zoë Ä", ["my_file.ipynb"])
        assert lms.place_of("moodle", zoe.files[0]) == "Zoë Ä_102_assignsubmission_file_"
        assert lms.place_of("moodle", ada.files[0]) == "Ada Lovelace_101_assignsubmission_file_/"

    @pytest.mark.parametrize(
        ("name", "number", "who", "late", "path", "place"),
        [
            ("lovelaceada_LATE_12_345_a-1.ipynb", "12", "lovelaceada", "late", "a-1.ipynb",
             "lovelaceada_LATE_12_345_"),
            ("günther_12_345_6_7_x.ipynb", "12", "günther", "", "6_7_x.ipynb", "günther_12_345_"),
            ("11_12_345_a.ipynb", "12", "11", "", "a.ipynb", "student_12_345_"),
            ("_12_345_a.ipynb", "12", "", "", "a.ipynb", "_12_345_"),
            ("LATE_anon_Ab1_345_a.ipynb", "anon_Ab1", "", "late", "a.ipynb", "LATE_anon_Ab1_345_"),
        ],
    )  # fmt: skip
    def test_canvas(self, name, number, who, late, path, place, tmp_path):
        entries = lms_collect.open_archive(archive(tmp_path / "a.zip", {name: b""})).entries
        kind, (one,), _ = lms.arrivals(entries)
        assert (kind, one.number, one.name, one.late) == ("canvas", number, who, late)
        assert (one.files[0].path, one.upload) == (path, 345)
        assert lms.place_of("canvas", one.files[0]) == place
        # Canvas looks for the first two parts that are numbers, or what follows "anon"
        parts = [part for part in place.split("_") if part and part != "LATE"]
        found = parts[1:3] if parts[0] == "anon" else [p for p in parts if p.isdecimal()][:2]
        assert found == [number.removeprefix("anon_"), "345"]

    def test_names_in_utf_8_that_do_not_say_so_are_read(self, tmp_path):
        path = archive(tmp_path / "a.zip", {moodle("Zoë", 7): b""})
        data = path.read_bytes()
        path.write_bytes(data.replace(b"\x14\x00\x00\x08", b"\x14\x00\x00\x00"))
        assert lms_collect.open_archive(path).entries[0].path == moodle("Zoë", 7)
        assert path.read_bytes() != data

    @pytest.mark.parametrize("text", [
        WHEN, "Wednesday, June 10, 2026, 2:14\u202fPM", "10 June 2026, 14:14", "2026-06-10 14:14",
    ])  # fmt: skip
    def test_times_of_moodle(self, text):
        zone = lms.time_zone("Europe/Berlin")
        assert lms.parse_time(text, zone) == datetime.datetime(
            2026, 6, 10, 12, 14, tzinfo=datetime.UTC
        )
        assert lms.parse_time("10 juin 2026", zone) is None

    def test_an_unknown_zone(self):
        with pytest.raises(CourseError, match="no time zone 'Mars'"):
            lms.time_zone("Mars")


class TestCollect:
    def test_moodle(self, course):
        files = {ADA: WORK, moodle("Ben", 102): OTHER, moodle("Ben", 102, "data.txt"): b"1"}
        rows = [(101, "Ada Lovelace", "ada@x.edu", LATE, "", WHEN),
                (102, "Ben", "ben@x.edu", SUBMITTED, "", WHEN)]  # fmt: skip
        sheet = worksheet(course / "sheet.csv", rows)
        done = collect(NAME, archive(course / "a.zip", files), course, sheet=sheet, zone="UTC")
        assert done.new == ["moodle-101", "moodle-102"]
        assert done.told == []
        assert done.late == {"moodle-101": "3 mins 31 secs late"}
        time = b"2026-06-10 14:14:00.000000 UTC"
        assert files_of(course, "moodle-101") == {FILE: WORK, "timestamp.txt": time}
        assert set(files_of(course, "moodle-102")) == {FILE, "data.txt", "timestamp.txt"}

    def test_drafts_and_extensions_of_moodle_are_told(self, course):
        extended = f"{SUBMITTED}Extension granted until: {WHEN} - "
        rows = [(101, "Ada Lovelace", "", "Draft (not submitted)", "", WHEN),
                (102, "Ben", "", extended, "", WHEN)]  # fmt: skip
        files = {ADA: WORK, moodle("Ben", 102): WORK}
        sheet = worksheet(course / "s.csv", rows)
        done = collect(NAME, archive(course / "a.zip", files), course, sheet=sheet)
        assert told(done, "moodle-101") == "has a draft there, which was never submitted"
        assert told(done, "moodle-102").startswith(f"Extension granted until: {WHEN}, of which")
        assert len(done.new) == 2

    def test_canvas_takes_the_newest_upload_and_keeps_the_others_beside_it(self, course):
        files = {f"lovelaceada_LATE_5_70_{NAME}.ipynb": OTHER,
                 f"lovelaceada_LATE_5_71_{NAME}-1.ipynb": WORK,
                 "benson_6_80_text.html": b"", "carl_7_link.html": b"",
                 "carl_7_81_x.txt": b"x"}  # fmt: skip
        done = collect(NAME, archive(course / "a.zip", files), course)
        assert files_of(course, "canvas-5") == {FILE: WORK, f"{NAME} (70).ipynb": OTHER}
        assert done.late == {"canvas-5": "late"}
        assert f"'{NAME}-1.ipynb (71)' is taken, '{FILE} (70)' lies beside it" in told(
            done, "canvas-5"
        )
        assert "no time is known: nothing is taken off" in told(done, "canvas-5")
        assert "text or an address (link)" in told(done, "canvas-7")
        assert f"there is no readable {FILE}" in told(done, "canvas-7")
        assert "canvas-6" in done.new

    @pytest.mark.parametrize("name", [
        f"{NAME} (1).ipynb", f"{NAME}(2).ipynb", f"{NAME}-Copy1.ipynb", f"{NAME} - Copy.ipynb",
        f"{NAME.upper()}.ipynb", f"work/{FILE}",
    ])  # fmt: skip
    def test_a_copy_that_was_renamed_gets_its_name(self, name, course):
        collect(NAME, archive(course / "a.zip", {moodle("A", 1, name): WORK}), course)
        assert files_of(course, "moodle-1") == {FILE: WORK}

    def test_of_several_in_moodle_the_one_with_the_name_is_taken(self, course):
        files = {moodle("A", 1): WORK, moodle("A", 1, f"{NAME} (9).ipynb"): OTHER}
        done = collect(NAME, archive(course / "a.zip", files), course)
        assert files_of(course, "moodle-1") == {FILE: WORK, f"{NAME} (9).ipynb": OTHER}
        assert f"'{FILE}' is taken" in told(done)

    def test_a_wrong_name_is_kept_and_told(self, course):
        files = {moodle("A", 1, "Homework.ipynb"): WORK, moodle("B", 2, "work.zip"): b"PK"}
        done = collect(NAME, archive(course / "a.zip", files), course)
        assert set(files_of(course, "moodle-1")) == {"Homework.ipynb"}
        assert f"{FILE} is missing; Homework.ipynb has its cells" in told(done, "moodle-1")
        assert f"there is no readable {FILE}" in told(done, "moodle-2")
        assert set(files_of(course, "moodle-2")) == {"work.zip"}


class TestAgain:
    """What is there gives way to what is newer, and to nothing else; nothing is lost."""

    def take(self, course, data, when, **about):
        return collect(NAME, archive(course / "a.zip", {ADA: data}, when), course, **about)

    def test_the_same_changes_nothing(self, course):
        self.take(course, WORK, EARLIER)
        before = folder_of(course, "moodle-101").stat().st_mtime_ns
        done = self.take(course, WORK, EARLIER)
        assert (done.same, done.told) == (["moodle-101"], [])
        assert folder_of(course, "moodle-101").stat().st_mtime_ns == before

    def test_a_newer_archive_replaces_and_what_was_there_is_kept(self, course):
        self.take(course, OTHER, EARLIER)
        done = self.take(course, WORK, (2026, 6, 12, 8, 0, 0))
        assert done.newer == ["moodle-101"]
        assert files_of(course, "moodle-101") == {FILE: WORK}
        (kept,) = (course / "gradebook/replaced" / NAME / "moodle-101").glob(f"*/{FILE}")
        assert kept.read_bytes() == OTHER
        assert f"kept in {kept.parent.relative_to(course)}" in told(done)

    def test_an_older_archive_does_not(self, course):
        self.take(course, WORK, (2026, 6, 12, 8, 0, 0))
        done = self.take(course, OTHER, EARLIER)
        assert done.left == ["moodle-101"]
        assert "is older than what was collected, which stays" in told(done)
        assert files_of(course, "moodle-101") == {FILE: WORK}
        assert self.take(course, OTHER, EARLIER, replace=True).newer == ["moodle-101"]
        assert files_of(course, "moodle-101") == {FILE: OTHER}

    def test_times_of_a_sheet_count_more_than_the_archives(self, course):
        def sheet(when):
            return worksheet(course / "s.csv", [(101, "Ada Lovelace", "", SUBMITTED, "", when)])

        self.take(course, WORK, EARLIER, sheet=sheet("Thursday, 11 June 2026, 2:14 PM"))
        done = self.take(course, OTHER, (2026, 6, 12, 8, 0, 0), sheet=sheet(WHEN))
        assert done.left == ["moodle-101"]
        assert FILE in files_of(course, "moodle-101")

    def test_what_came_otherwise_stays_if_nothing_tells_which_is_newer(self, course):
        folder = folder_of(course, "moodle-101")
        folder.mkdir(parents=True)
        (folder / FILE).write_bytes(OTHER)
        done = self.take(course, WORK, EARLIER)
        assert "may be older or newer than what was collected, which stays" in told(done)
        assert files_of(course, "moodle-101") == {FILE: OTHER}

    def test_what_the_exchange_brought_is_compared_by_its_time(self, course):
        folder = folder_of(course, "moodle-101")
        folder.mkdir(parents=True)
        (folder / FILE).write_bytes(OTHER)
        (folder / "timestamp.txt").write_text("2026-06-10 14:00:00.5 UTC")
        sheet = worksheet(course / "s.csv", [(101, "Ada Lovelace", "", SUBMITTED, "", WHEN)])
        done = self.take(course, WORK, EARLIER, sheet=sheet, zone="UTC")
        assert done.newer == ["moodle-101"]

    def test_canvas_compares_its_uploads(self, course):
        def take(upload, data):
            made = archive(course / "c.zip", {f"a_5_{upload}_{FILE}": data}, EARLIER)
            return collect(NAME, made, course)

        take(70, OTHER)
        assert take(69, WORK).left == ["canvas-5"]
        assert take(71, WORK).newer == ["canvas-5"]

    def test_a_damaged_note_is_told_and_nothing_is_guessed(self, course):
        self.take(course, WORK, EARLIER)
        (course / "gradebook/lms" / f"{NAME}.json").write_text("{")
        with pytest.raises(CourseError, match="is damaged"):
            self.take(course, OTHER, EARLIER)


class TestRoster:
    def collect(self, course, roster, names, sheet=None):
        (course / "r.csv").write_text(roster, encoding="utf-8")
        files = {moodle(name, number): WORK for number, name in names.items()}
        about = {"roster": course / "r.csv", "sheet": sheet}
        return collect(NAME, archive(course / "a.zip", files), course, **about)

    def test_by_number_name_or_what_the_sheet_adds(self, course):
        rows = [(n, f"P {n}", f"p{n}@x.edu", SUBMITTED, "", "-") for n in (1, 2, 3)]
        sheet = worksheet(course / "s.csv", rows)
        roster = "student_id,Email Address,lms_id,full name\nby-mail,P1@x.edu,,\nby-id,,2,\n"
        roster += "by-name,,,p  3\n"
        done = self.collect(course, roster, {1: "P 1", 2: "P 2", 3: "P 3"}, sheet)
        assert done.new == ["by-id", "by-mail", "by-name"]
        assert done.told == []

    def test_two_of_one_name_are_told_apart_by_their_numbers(self, course):
        done = self.collect(
            course, "student_id,Full name\nkim,Kim Lee\n", {1: "Kim Lee", 2: "Kim Lee"}
        )
        assert done.new == ["moodle-1", "moodle-2"]
        assert "not alone with that name" in told(done, "moodle-1")

    def test_two_who_would_be_one_are_not_collected(self, course):
        done = self.collect(course, "student_id,lms_id\nkim,1\nkim,2\n", {1: "A", 2: "B", 3: "C"})
        assert (done.left, done.new) == (["kim"], ["moodle-3"])
        assert "1 and 2 are the same student" in told(done, "kim")

    def test_who_was_collected_before_keeps_the_id_until_a_roster_says_another(self, course):
        self.collect(course, "student_id,lms_id\nada,1\n", {1: "A"})
        path = archive(course / "a.zip", {moodle("A", 1): WORK})
        assert collect(NAME, path, course).same == ["ada"]
        done = self.collect(course, "student_id,lms_id\nlovelace,1\n", {1: "A"})
        assert "was collected as ada before, which stays as it is" in told(done, "lovelace")
        assert FILE in files_of(course, "ada")

    def test_without_the_column_it_is_none(self, course):
        with pytest.raises(CourseError, match="no column student_id; its columns are a, b"):
            self.collect(course, "a,b\n1,2\n", {1: "A"})


class TestHostile:
    """One sentence each; what is good beside it is collected, and nothing lands elsewhere."""

    @pytest.mark.parametrize("name", BAD)
    def test_names_and_sizes(self, name, course):
        data = bytes(6_000_000) if "large" in name else b"x"
        files = {ADA: WORK, moodle("E", 1): WORK, name: data}
        path, before = archive(course / "a.zip", files), all_files(course)
        done = collect(NAME, path, course)
        assert BAD[name] in told(done)
        assert len(done.told) == 1
        new = {name for name in all_files(course) - before if (course / name).is_file()}
        collected = {f"gradebook/submitted/moodle-{n}/{NAME}/{FILE}" for n in (1, 101)}
        assert new == {f"gradebook/lms/{NAME}.json", *collected}
        assert not list(course.parent.glob("evil*"))

    @pytest.mark.parametrize(
        ("about", "why"),
        [
            ({"link": True}, "it is a link"),
            ({"flag_bits": 1}, "it is encrypted"),
            ({"file_size": 10**10}, "it has 10,000 MB, more than 100"),
            ({"file_size": 20}, "it is damaged"),
            ({"CRC": 1}, "it is damaged"),
            ({"compress_type": 99}, "it is damaged"),
        ],
    )
    def test_what_the_archive_says_of_a_file(self, about, why, course):
        path = archive(course / "a.zip", {ADA: WORK})
        change(path, moodle("E", 1), **about)
        done = collect(NAME, path, course)
        assert why in told(done)
        assert done.new == ["moodle-101"]
        assert not folder_of(course, "moodle-1").exists()

    def test_a_bomb_that_denies_its_size_is_read_no_further_than_that(self, course, monkeypatch):
        path = archive(course / "a.zip", {ADA: WORK, moodle("E", 1): bytes(3_000_000)})
        monkeypatch.setattr(lms_collect, "MAX_BYTES", 1_000_000)
        done = collect(NAME, path, course)
        assert "it has 3 MB, more than 1" in told(done, "moodle-1")
        assert done.left == ["moodle-1"]

    def test_notebooks_that_nobody_asked_for_are_few(self, course):
        files = {moodle("E", 1, f"{n}.ipynb"): bytes(6_000_000) for n in range(5)}
        done = collect(NAME, archive(course / "a.zip", files), course)
        assert told(done).count("it has 6 MB, more than 5") == 2

    def test_two_files_of_one_name(self, course):
        path = archive(course / "a.zip", {ADA: WORK})
        with pytest.warns(UserWarning, match="Duplicate"):
            change(path, ADA)
        assert "another has its name" in told(collect(NAME, path, course))
        assert files_of(course, "moodle-101") == {FILE: WORK}

    def test_who_takes_the_number_of_another_by_a_name_gets_nothing(self, course):
        files = {f"lovelaceada_101_70_{FILE}": WORK, f"eve_101_71__5_80_{FILE}": OTHER,
                 f"ben_102_90_{FILE}": WORK}  # fmt: skip
        done = collect(NAME, archive(course / "a.zip", files), course)
        assert (done.left, done.new) == (["canvas-101"], ["canvas-102"])
        assert "is called 'eve' and 'lovelaceada' in the archive" in told(done, "canvas-101")
        sheet = gradebook_of_canvas(course / "c.csv", [("Lovelace, Ada", 101, "a", ""),
                                                       ("Ben", 102, "b", "")])  # fmt: skip
        forged = archive(course / "b.zip", {f"eve_101_71__5_80_{FILE}": OTHER})
        done = collect(NAME, forged, course, sheet=sheet)
        assert "is 'eve' in the archive, 'Lovelace, Ada' in the table" in told(done)
        true = archive(course / "b.zip", {f"lovelaceada_101_72_{FILE}": WORK})
        assert told(collect(NAME, true, course, sheet=sheet)).startswith("replaces what")

    def test_a_name_like_a_formula_is_a_name(self, course):
        files = {moodle("=1+1", 9): WORK, moodle("Ω 李", 10): WORK}
        assert collect(NAME, archive(course / "a.zip", files), course).told == []
        (course / "r.csv").write_text("student_id,Full name\n=2+2,=1+1\n")
        done = collect(NAME, archive(course / "a.zip", files), course, roster=course / "r.csv")
        assert done.new == ["=2+2"]

    def test_a_folder_that_is_a_link_is_left_alone(self, course):
        (course / "gradebook/submitted").mkdir(parents=True)
        (course / "elsewhere").mkdir()
        (course / "gradebook/submitted/moodle-101").symlink_to(course / "elsewhere")
        done = collect(NAME, archive(course / "a.zip", {ADA: WORK}), course)
        assert "is a link" in told(done)
        assert not list((course / "elsewhere").iterdir())

    def test_what_file_managers_add_is_nothing(self, course):
        files = {ADA: WORK, f"__MACOSX/{ADA}": b"", moodle("Ada Lovelace", 101, "._x"): b"",
                 ".DS_Store": b""}  # fmt: skip
        assert collect(NAME, archive(course / "a.zip", files), course).told == []

    @pytest.mark.parametrize(
        ("make", "why"),
        [
            (lambda p: p.mkdir(), "is a folder: give the .zip"),
            (lambda p: p.write_bytes(b"Rar!"), "cannot be read as a zip"),
            (lambda p: None, "There is no file"),
            (lambda p: archive(p, {"a.txt": b""}), "'a.txt': no name is one that Moodle or Canvas"),
            (lambda p: archive(p, {}), "nothing: no name is one"),
        ],
    )
    def test_what_is_no_archive_of_an_lms(self, make, why, course):
        make(course / "a.zip")
        with pytest.raises(CourseError, match=why):
            collect(NAME, course / "a.zip", course)

    def test_a_table_of_the_other(self, course):
        sheet = gradebook_of_canvas(course / "c.csv", [])
        with pytest.raises(CourseError, match="no table of Moodle"):
            collect(NAME, archive(course / "a.zip", {ADA: WORK}), course, sheet=sheet)

    def test_a_time_or_a_row_that_is_not_understood(self, course):
        sheet = worksheet(course / "s.csv", [(101, "Ada", "", SUBMITTED, "", "mercredi 10 juin")])
        files = {ADA: WORK, moodle("B", 2): WORK}
        done = collect(NAME, archive(course / "a.zip", files), course, sheet=sheet)
        assert "'mercredi 10 juin' is not understood" in told(done, "moodle-101")
        assert "no row with the number 2" in told(done, "moodle-2")
        assert len(done.new) == 2


class TestGit:
    """Nothing of a student lies where git sees it."""

    @pytest.fixture
    def repository(self, course):
        subprocess.run(["git", "init", "-q", course], check=True)
        shutil.copy(ROOT / ".gitignore", course)
        return course

    def test_of_what_is_written_git_sees_nothing(self, repository):
        path = archive(repository / "a.zip", {ADA: WORK})
        done = collect(NAME, path, repository)
        assert f"git sees {path}" in told(done)
        (repository / "downloaded").mkdir()
        path = path.rename(repository / "downloaded/a.zip")
        assert collect(NAME, path, repository).told == []
        said = subprocess.run(["git", "-C", repository, "status", "--porcelain", "-uall"],
                              capture_output=True, text=True, check=True).stdout  # fmt: skip
        assert "nbgrader_config.py" in said
        assert "moodle" not in said
        assert "gradebook" not in said

    def test_where_git_would_see_it_nothing_is_written(self, repository):
        path = archive(repository / "a.zip", {ADA: WORK})
        with pytest.raises(CourseError, match=r"git sees what lies in .*/open"):
            give_back(NAME, path, repository, into=repository / "open")
        (repository / ".gitignore").write_text("")
        with pytest.raises(CourseError, match=r"git sees what lies in .*gradebook/submitted"):
            collect(NAME, path, repository)
        assert not (repository / "gradebook/submitted").exists()


class TestReturn:
    @pytest.fixture
    def moodled(self, course):
        names = {101: "Ada", 102: "=1+1", 103: "Zoë"}
        files = {moodle(name, number): WORK for number, name in names.items()}
        collect(NAME, archive(course / "a.zip", files), course)
        grade(course, SCORES, penalties={"moodle-102": 4})
        return course

    def filled(self, done):
        rows = list(csv.reader(io.StringIO(done.sheet.read_bytes().decode("utf-8-sig"))))
        at = rows[0].index(done.column)
        return {row[0]: row[at] for row in rows[1:]}

    def test_moodle_gets_points_by_hand_and_penalties_and_all_else_stays(self, moodled):
        sheet = worksheet(moodled / "s.csv", ROWS)
        done = give_back(NAME, sheet, moodled)
        assert self.filled(done) == {"Participant 101": "22.5", "Participant 102": "10",
                                     "Participant 103": "", "Participant 999": ""}  # fmt: skip
        assert (done.left, done.without) == (["moodle-103"], 1)
        assert "is left out: waits for a mark: essay" in told(done, "moodle-103")
        assert told(done, "moodle-102") == "has 7.00 in the LMS, which becomes 10"
        before, after = sheet.read_bytes(), done.sheet.read_bytes()
        assert after == before.replace(b'",,23', b'",22.5,23').replace(
            b"Submitted for grading -  - ,,23", b"Submitted for grading -  - ,22.5,23", 1
        ).replace(b",7.00,", b",10,")  # fmt: skip
        assert done.sheet == moodled / "gradebook/returned" / NAME / "s.csv"

    def test_penalties_of_all_notebooks_of_an_assignment_count(self, course):
        grade(course, {})
        with record.open_gradebook(f"sqlite:///{course}/gradebook/gradebook.db", "convnet") as book:
            book.add_notebook("second", NAME)
            book.add_student("ada")
            for penalty, one in enumerate(book.add_submission(NAME, "ada").notebooks, 1):
                one.late_submission_penalty = penalty
            book.db.commit()
            assert record.penalties(book, NAME) == {"ada": 3}
            (one,) = report.read_class(book, run.open_course(course), NAME)
            assert one.late == 3

    def test_feedback_for_moodle_has_the_names_of_the_download(self, moodled):
        done = give_back(NAME, worksheet(moodled / "s.csv", ROWS), moodled)
        with zipfile.ZipFile(done.feedback) as made:
            assert {name: made.read(name) for name in made.namelist()} == {
                moodle("Ada", 101, f"{NAME}.html"): b"<p>moodle-101",
                moodle("=1+1", 102, f"{NAME}.html"): b"<p>moodle-102",
            }
        assert done.feedback.stat().st_mode & 0o077 == 0
        assert done.sheet.stat().st_mode & 0o077 == 0

    def test_canvas(self, course):
        files = {f"lovelaceada_LATE_5_70_{FILE}": WORK, f"ben_6_80_{FILE}": WORK,
                 f"eve_7_90_{FILE}": WORK}  # fmt: skip
        collect(NAME, archive(course / "a.zip", files), course)
        grade(course, {"canvas-5": (20, 2), "canvas-6": (5, 0.126), "canvas-7": (1, 1)})
        rows = [("Lovelace, Ada", 5, "s5", ""), ("Ben", 6, "s6", "5,13"), ("Eve", 7, "s7", "EX"),
                ("Student, Test", "", "", "")]  # fmt: skip
        sheet = gradebook_of_canvas(course / "c.csv", rows)
        done = give_back(NAME, sheet, course)
        assert done.column == "T2 Target (22)"
        assert self.filled(done) == {
            "": "", "    Points Possible": "23.00", "Lovelace, Ada": "22", "Ben": "5.13",
            "Eve": "EX", "Student, Test": "",
        }  # fmt: skip
        assert told(done) == "is left out: has EX in Canvas: excused, or not theirs to do"
        with zipfile.ZipFile(done.feedback) as made:
            assert made.namelist() == [
                f"lovelaceada_LATE_5_70_{NAME}.html", f"ben_6_80_{NAME}.html",
            ]  # fmt: skip

    def test_a_roster_brings_who_did_not_come_from_the_lms(self, course):
        grade(course, {"ada": (20, 3), "zoe": (0, 0)})
        (course / "r.csv").write_text("student_id,Email address\nada,A@X\nzoe,nowhere\n")
        sheet = worksheet(course / "s.csv", ROWS)
        done = give_back(NAME, sheet, course, roster=course / "r.csv")
        assert self.filled(done)["Participant 101"] == "23"
        assert told(done, "zoe") == "is left out: has no row in the table"
        with zipfile.ZipFile(done.feedback) as made:
            assert made.namelist() == [f"Ada_101_assignsubmission_file_/{NAME}.html"]

    def test_the_table_of_another_assignment_is_noticed(self, moodled):
        (moodled / "r.csv").write_text("student_id,Email address\nmoodle-101,a@x\n")
        sheet = worksheet(moodled / "s.csv", [(555, "Ada", "a@x", SUBMITTED, "", "-")])
        done = give_back(NAME, sheet, moodled, roster=moodled / "r.csv")
        assert "is this the table of another assignment?" in told(done, "moodle-101")
        assert done.filled == []
        other = worksheet(moodled / "s.csv", [(5, "Q", "", "", "", "-")])
        with pytest.raises(CourseError, match=r"No row of .* belongs to a student"):
            give_back(NAME, other, moodled)

    def test_another_maximum_is_refused_or_converted(self, moodled):
        sheet = worksheet(moodled / "s.csv", ROWS, most="100,00")
        with pytest.raises(CourseError, match="is 100, but the assignment has 23 points"):
            give_back(NAME, sheet, moodled)
        done = give_back(NAME, sheet, moodled, scale=True)
        assert self.filled(done)["Participant 101"] == "97.83"
        with pytest.raises(CourseError, match="must be graded by points"):
            give_back(NAME, worksheet(sheet, ROWS, most="Good"), moodled)

    def test_what_was_handed_in_anew_or_never_graded_is_left_out(self, moodled):
        graded = moodled / "gradebook/autograded/moodle-101" / NAME
        graded.mkdir(parents=True)
        os.utime(graded, (1, 1))
        names = {101: "Ada", 104: "New"}
        files = {moodle(name, number): OTHER for number, name in names.items()}
        collect(NAME, archive(moodled / "b.zip", files, (2026, 7, 1, 0, 0, 0)), moodled)
        rows = [*ROWS, (104, "New", "", SUBMITTED, "", "-")]
        done = give_back(NAME, worksheet(moodled / "s.csv", rows), moodled)
        assert done.filled == ["moodle-102"]
        assert "handed in anew since it was graded" in told(done, "moodle-101")
        assert "is not graded yet" in told(done, "moodle-104")

    def test_feedback_that_is_missing_or_older_than_the_grade_is_told(self, moodled):
        feedback = moodled / "gradebook/feedback"
        graded = moodled / "gradebook/autograded/moodle-101" / NAME
        graded.mkdir(parents=True)
        os.utime(feedback / "moodle-101" / NAME / f"{NAME}.html", (1, 1))
        sheet = worksheet(moodled / "s.csv", ROWS)
        done = give_back(NAME, sheet, moodled)
        assert done.pages == ["moodle-102"]
        assert "older than the grade" in told(done, "moodle-101")
        shutil.rmtree(feedback)
        done = give_back(NAME, sheet, moodled)
        assert done.feedback is None
        assert (
            told(done, "")
            == f"there is no feedback to give back: nbgrader generate_feedback {NAME}"
        )
        assert not (done.sheet.parent / "feedback.zip").exists()

    def test_a_locked_grade_a_broken_row_and_two_rows_of_one(self, moodled):
        sheet = worksheet(moodled / "s.csv", [*ROWS, ROWS[1]])
        data = sheet.read_bytes().replace(b"23.00,Yes", b"23.00,No", 1)
        sheet.write_bytes(data.replace(b"Participant 103,Zo\xc3\xab,z@x", b"Participant 103"))
        done = give_back(NAME, sheet, moodled)
        assert "locked in Moodle" in told(done, "moodle-101")
        assert "more than one row" in told(done, "moodle-102")
        assert "a row of 8 fields, where the header has 10" in told(done, "moodle-103")
        assert done.filled == []

    def test_more_points_than_moodle_takes(self, course):
        grade(course, {"moodle-101": (25, 3)})
        done = give_back(NAME, worksheet(course / "s.csv", ROWS), course)
        assert "has 28 points, more than Moodle takes" in told(done)

    @pytest.mark.parametrize(
        ("column", "why"),
        [("T1", "No assignment of Canvas .* 'T1 Warm-up"), (None, "More than one")],
    )
    def test_a_column_must_be_meant(self, column, why, course):
        grade(course, {"canvas-5": (20, 3)})
        sheet = gradebook_of_canvas(course / "c.csv", [("A", 5, "s", "")])
        sheet.write_text(sheet.read_text().replace("Final Score", "t2-target anew (33)"))
        with pytest.raises(CourseError, match=why):
            give_back(NAME, sheet, course, column=column)
        assert give_back(NAME, sheet, course, column="22").column == "T2 Target (22)"

    @pytest.mark.parametrize("text", ["a,b\n1,2\n", "ID,Vollständiger Name,Bewertung\n1,A,\n"])
    def test_a_table_that_is_neithers(self, text, course):
        (course / "s.csv").write_text(text)
        with pytest.raises(CourseError, match="downloaded in English"):
            give_back(NAME, course / "s.csv", course)

    def test_nothing_is_graded_or_the_table_would_be_overwritten(self, course):
        sheet = worksheet(course / "s.csv", ROWS)
        grade(course, {})
        with pytest.raises(CourseError, match=f"course grade {NAME}"):
            give_back(NAME, sheet, course)
        grade(course, {"moodle-101": (20, 3)})
        with pytest.raises(CourseError, match="would be overwritten"):
            give_back(NAME, sheet, course, into=course)


class TestCommands:
    """What the instructor's page says can be typed."""

    def test_the_round_trip_of_the_page(self, course, monkeypatch):
        page = (ROOT / "docs/instructor.md").read_text()
        commands = re.findall(r"^course ((?:collect|return) .*)$", page, re.MULTILINE)
        assert [command.split()[0] for command in commands] == ["collect", "return"]
        monkeypatch.chdir(course)
        (course / "downloaded").mkdir()
        archive(course / "downloaded/submissions.zip", {ADA: WORK, moodle("B\x07", 2): WORK})
        rows = [(101, "Ada Lovelace", "ada@x.edu", LATE, "", WHEN)]
        worksheet(course / "downloaded/worksheet.csv", rows)
        (course / "gradebook").mkdir()
        (course / "gradebook/roster.csv").write_text("student_id,Email address\nada,ada@x.edu\n")
        said = []
        for command in commands:
            words = command.replace("a1_convolution", NAME).split()
            result = CliRunner().invoke(cli.app, words)
            said.append(result.output)
            assert not result.exception or result.exit_code in (0, 1), result.output
            if words[0] == "collect":
                grade(course, {"ada": (20, 3)})
        assert "ada: 3 mins 31 secs late" in said[0]
        assert "From Moodle: 1 collected, 1 late." in said[0]
        assert "\x07" not in said[0]
        assert f"gradebook/returned/{NAME}/worksheet.csv: 1 grades in the column 'Grade'" in said[1]
        assert "feedback.zip: feedback of 1" in said[1]

    def test_a_student_who_is_left_out_is_told_by_the_exit_too(self, course, monkeypatch):
        monkeypatch.chdir(course)
        archive(course / "a.zip", {moodle("A", 1, "timestamp.txt"): b""})
        result = CliRunner().invoke(cli.app, ["collect", NAME, "a.zip"])
        assert result.exit_code == 1
        assert "1 NOT COLLECTED, see above" in result.output
