// Configurations of several files.
#include "catch.h"
#include "config/made_up_files.h"

namespace weir {
namespace {

using Lines = std::vector<std::string>;

std::vector<std::string> rule_names(const Loaded& loaded) {
  std::vector<std::string> out;
  REQUIRE(loaded.configuration);
  for (const RuleSettings& rule : loaded.configuration->rules) {
    out.push_back(rule.name);
  }
  return out;
}

std::string rule(const std::string& name, int port) {
  return "[rule " + name + "]\non = tcp/" + std::to_string(port) + "\nuse = direct\n";
}

TEST_CASE(
    "included rules stand where the section that includes them stands, in the order of names") {
  const auto loaded = load_text(
      rule("first", 1) + "[gateway]\ninclude = conf.d/*.ini\ninclude = last.ini\n" + rule("end", 2),
      {{"conf.d/b.ini", rule("b", 3)},
       {"conf.d/a.ini", rule("a", 4)},
       {"conf.d/c.off", "nonsense"},
       {"last.ini", rule("last", 5)}});
  CHECK(rule_names(loaded) == Lines{"first", "a", "b", "last", "end"});
}

TEST_CASE("a finding in an included file names that file and its line") {
  CHECK(
      findings_of("[gateway]\ninclude = a.ini\nprot = 1\n", {{"a.ini", "\n[rule x]\non = 80\n"}}) ==
      Lines{"weir.ini:3: error: unknown key 'prot' in [gateway], did you mean 'port'?",
            "a.ini:2: error: [rule x] needs 'use'",
            "a.ini:3: error: '80' has no protocol (tcp/80, udp/80 or any/80)"});
}

TEST_CASE("a path without wildcard must exist, a pattern need not find anything") {
  CHECK(findings_of("[gateway]\ninclude = conf.d/*.ini\n").empty());
  CHECK(findings_of("[gateway]\ninclude = conf.d/a.ini\n") ==
        Lines{"weir.ini:2: error: cannot read 'conf.d/a.ini': there is no such file"});
}

TEST_CASE("while a file is missing, names that it may define are not called unknown") {
  CHECK(findings_of("[gateway]\ninclude = a.ini\n[rule r]\non = tcp/80\nuse = pool\n") ==
        Lines{"weir.ini:2: error: cannot read 'a.ini': there is no such file"});
}

TEST_CASE("an included file cannot include, not even itself") {
  CHECK(findings_of("[rule r]\non = tcp/80\nuse = direct\n[gateway]\ninclude = a.ini\n",
                    {{"a.ini", "[gateway]\ninclude = b.ini\n"}, {"b.ini", "nonsense"}}) ==
        Lines{"a.ini:1: error: [gateway] appears a second time (first at weir.ini:4)",
              "a.ini:2: error: an included file cannot include others"});
  CHECK(findings_of("[gateway]\ninclude = weir.ini\n") ==
        Lines{"weir.ini:2: error: 'weir.ini' includes itself"});
  CHECK(findings_of("[gateway]\ninclude = *.ini\n") ==
        Lines{"weir.ini:2: error: 'weir.ini' includes itself"});
}

TEST_CASE("a file is included once") {
  CHECK(findings_of("[gateway]\ninclude = a.ini\ninclude = *a.ini\n",
                    {{"a.ini", "[log]\nlevel = info\n"}}) ==
        Lines{"weir.ini:3: error: 'a.ini' is included a second time (first on line 2)"});
}

TEST_CASE("a section that two files have names both places") {
  CHECK(findings_of("[gateway]\ninclude = a.ini\n[log]\nlevel = info\n",
                    {{"a.ini", "[log]\nlevel = info\n"}}) ==
        Lines{"weir.ini:3: error: [log] appears a second time (first at a.ini:1)"});
}

TEST_CASE("an included file may define what the main file uses") {
  CHECK(findings_of("[gateway]\ninclude = a.ini\ndefault = pool\n",
                    {{"a.ini", "[upstream pool]\ntype = direct\n"}})
            .empty());
}

TEST_CASE("paths are relative to the file that names them") {
  std::map<std::string, std::string> files{{"/etc/weir/weir.ini", "[gateway]\ninclude = d/*.ini\n"},
                                           {"/etc/weir/d/a.ini", rule("a", 80) + "client = @l\n"},
                                           {"/etc/weir/d/l", "192.0.2.1\n"}};
  const auto loaded =
      load_configuration("/etc/weir/weir.ini", registry_schema(), MadeUpFiles(std::move(files)));
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->sets.at(0).files.at(0).text == "/etc/weir/d/l");
}

}  // namespace
}  // namespace weir
