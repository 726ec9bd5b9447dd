// [set NAME], from the text to its values.
#include "config/set_section.h"

#include "catch.h"
#include "config/ini_reader.h"
#include "config/made_up_files.h"
#include "config/section_reader.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

struct Read {
  SetSettings set;
  Lines findings;
};

Read read(const std::string& keys, const std::string& file = "/etc/weir/weir.ini") {
  Findings findings;
  const IniFile ini = read_ini("[set ads]\n" + keys, file, findings);
  const KeyTable table{.keys = keys_of(*find_section_kind("set"), {}), .elsewhere = nullptr};
  const Settings settings =
      read_section(ini.sections.at(0), "ads", table, MadeUpFiles({}), findings);
  Read out{set_section(settings, findings), {}};
  for (const Diagnostic& one : findings.take()) {
    out.findings.push_back(one.line());
  }
  return out;
}

Lines texts(const std::vector<SetSource>& sources) {
  Lines out;
  for (const SetSource& one : sources) {
    out.push_back(one.text + " " + std::to_string(one.location.line));
  }
  return out;
}

TEST_CASE("a set has files beside the configuration, entries, and what may become of it") {
  const Read out = read(
      "file = ads.list\nfile = /var/lib/more.hosts\nfile = geo/c.mmdb:DE, AT\n"
      "entries = 192.0.2.1, *.example.org, 192.0.2.8-192.0.2.9\n"
      "on-bad-line = skip\nmay-shrink = yes\n");
  CHECK(out.findings.empty());
  CHECK(out.set.name == "ads");
  CHECK(out.set.location == SourceLocation{"/etc/weir/weir.ini", 1});
  CHECK(texts(out.set.files) ==
        Lines{"/etc/weir/ads.list 2", "/var/lib/more.hosts 3", "/etc/weir/geo/c.mmdb:DE, AT 4"});
  CHECK(texts(out.set.entries) == Lines{"192.0.2.1 5", "*.example.org 5", "192.0.2.8-192.0.2.9 5"});
  CHECK(out.set.on_bad_line == OnBadLine::skip);
  CHECK(out.set.may_shrink == MayShrink::yes);
}

TEST_CASE("a bad line is refused, and a set may not shrink, unless the section says so") {
  const Read out = read("entries = 192.0.2.1\n");
  CHECK(out.findings.empty());
  CHECK(out.set.on_bad_line == OnBadLine::refuse);
  CHECK(out.set.may_shrink == MayShrink::no);
}

TEST_CASE("a set without lists and entries is for what is added at run time") {
  const Read out = read("may-shrink = yes\n");
  CHECK(out.findings.empty());
  CHECK(out.set.files.empty());
  CHECK(out.set.entries.empty());
}

TEST_CASE("what a section of a set cannot say is an error at its line") {
  CHECK(read("file = @ads.list\n", "w").findings ==
        Lines{"w:2: error: 'file': '@ads.list': write the name of the file without the '@'"});
  CHECK(read("entries = 192.0.2.0/24, !192.0.2.1\n", "w").findings ==
        Lines{"w:2: error: 'entries': '!192.0.2.1': a set negates nothing, the rule does: "
              "'!@NAME' of a set of what is out"});
  CHECK(read("entries = 192.0.2.1\nentries = 192.0.2.2\n", "w").findings ==
        Lines{"w:3: error: 'entries' is given a second time (first on line 2)"});
  CHECK(read("file = a\non-bad-line = ignore\n", "w").findings.size() == 1);
  CHECK(read("file = a\nmay-shrnk = yes\n", "w").findings ==
        Lines{"w:3: error: unknown key 'may-shrnk' in [set ads], did you mean 'may-shrink'?"});
}

TEST_CASE("what a set has twice is a warning, and counts once") {
  const Read out = read("file = a\nfile = a\nentries = 192.0.2.1, 192.0.2.1\n", "w");
  CHECK(out.findings == Lines{"w:3: warning: 'file': 'a' is named twice",
                              "w:4: warning: 'entries': '192.0.2.1' is listed twice"});
  CHECK(out.set.files.size() == 1);
  CHECK(out.set.entries.size() == 1);
}

}  // namespace
}  // namespace weir
