#include "cli/reference.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "catch.h"
#include "config/section_kinds.h"
#include "rules/conditions/table.h"
#include "source_tree.h"
#include "upstream/registry.h"

namespace weir {
namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<Command> commands() {
  return {{.name = "look",
           .description = "look: at [it], isn't \\it",
           .options = {{.short_name = "-c",
                        .name = "--config",
                        .description = "a file",
                        .choices = {},
                        .takes = CommandOption::Takes::file,
                        .positional = false,
                        .repeats = false,
                        .names = {}},
                       {.short_name = "",
                        .name = "what",
                        .description = "one of two",
                        .choices = {"sky", "sea"},
                        .takes = CommandOption::Takes::value,
                        .positional = true,
                        .repeats = false,
                        .names = {}},
                       {.short_name = "",
                        .name = "--rule",
                        .description = "a rule",
                        .choices = {},
                        .takes = CommandOption::Takes::value,
                        .positional = false,
                        .repeats = false,
                        .names = "rules"}}}};
}

// As roff writes a name.
std::string bold(std::string_view name) {
  std::string out;
  for (const char c : name) {
    out += c == '-' ? std::string("\\-") : std::string(1, c);
  }
  return "\\fB" + out + "\\fR";
}

TEST_CASE("shells ask the running gateway for names") {
  const std::string asks = "weir names rules 2>/dev/null";
  CHECK(has(bash_completion(commands()), "look:--rule)\n      _weir_names rules\n"));
  CHECK(has(zsh_completion(commands()), asks));
  CHECK(has(fish_completion(commands()), asks));
}

TEST_CASE("docs/events.md is what the program prints") {
  std::ifstream file(source_tree() / "docs/events.md");
  REQUIRE(file);
  std::ostringstream text;
  text << file.rdbuf();
  CHECK(text.str() == table_of_events());
}

TEST_CASE("every reason and every end is in the manual of the commands") {
  const auto text = manual_of_commands(commands());
  for (const auto& listed : {reasons(), ends()}) {
    for (const Event& event : listed) {
      INFO(event.name);
      CHECK(has(text, ".TP\n" + bold(event.name)));
    }
  }
}

TEST_CASE("every section, key and policy is in the manual of the configuration") {
  const auto text = manual_of_keys();
  for (const SectionKind& kind : section_kinds()) {
    INFO(kind.name);
    CHECK(has(text, ".SS \"[" + std::string(kind.name)));
    for (const Key& key : keys_of(kind, condition_types())) {
      INFO(key.name);
      CHECK(has(text, bold(key.name)));
    }
  }
  for (const Key& key : upstream_keys()) {
    INFO(key.name);
    CHECK(has(text, bold(key.name)));
  }
  for (const PolicyType& policy : policies()) {
    INFO(policy.name);
    for (const Key& key : policy.keys) {
      CHECK(has(text, bold(key.name)));
    }
  }
}

TEST_CASE("a key of several types is in the manual once, with the types that have it") {
  const auto text = manual_of_keys();
  for (const char* name : {"fall", "slow-start", "password-file", "via"}) {
    INFO(name);
    const std::string item = ".TP\n" + bold(name) + "\n";
    const auto at = text.find(item);
    REQUIRE(at != std::string::npos);
    CHECK(text.find(item, at + 1) == std::string::npos);
  }
  CHECK(has(text, "Of types forward, socks5, http\\-connect."));
  CHECK(has(text, "Default: failover."));  // group's own balance
}

TEST_CASE("roff, zsh and the shells read names and sentences as they are") {
  const auto man = manual_of_commands(commands());
  CHECK(has(man, "Look: at [it], isn\\(aqt \\eit."));
  CHECK(has(man, "\\fB\\-c\\fR, \\fB\\-\\-config\\fR \\fICONFIG\\fR"));
  CHECK(has(man, "one of two: sky, sea"));
  const auto zsh = zsh_completion(commands());
  CHECK(has(zsh, R"('look:look\: at \[it\], isn'\''t \\it')"));
  CHECK(has(zsh, "'1:what:(sky sea)'"));
  CHECK(has(zsh, "'-c[a file]:config:_files'"));
  const auto fish = fish_completion(commands());
  CHECK(has(fish, "-a look -d 'look: at [it], isn'\\''t \\it'"));
  CHECK(has(fish, "-l config -s c -r -F -d 'a file'"));
  const auto bash = bash_completion(commands());
  CHECK(has(bash, "look:--config | look:-c)"));
  CHECK(has(bash, "look) words='--config sky sea --rule' ;;"));
}

TEST_CASE("there is a reference for each kind and for no other") {
  for (const char* what : {"man", "ini", "bash", "zsh", "fish", "events"}) {
    const auto text = reference(what, commands());
    REQUIRE(text);
    CHECK(text.value().ends_with('\n'));
  }
  CHECK_FALSE(reference("html", commands()));
}

}  // namespace
}  // namespace weir
