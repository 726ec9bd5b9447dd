// The files in etc/ are the manual: they load, and nothing is missing from them.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "catch.h"
#include "cli/load.h"
#include "config/section_kinds.h"
#include "rules/conditions/table.h"
#include "source_tree.h"
#include "upstream/registry.h"

namespace weir {
namespace {

const std::filesystem::path etc = source_tree() / "etc";

std::string text_of_file(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

// Findings other than the hint that servers may sit behind the router, which an example without
// interfaces cannot avoid.
std::vector<std::string> complaints(const std::string& file) {
  std::vector<std::string> out;
  for (const Diagnostic& finding : load(file).diagnostics) {
    if (finding.text.find("sits behind this router") == std::string::npos) {
      out.push_back(finding.line());
    }
  }
  return out;
}

// True when the text gives or shows the key in a section: after `[kind`, a line `key =` or `; key
// =`.
bool shows(const std::string& text, const std::string& kind, const std::string& key) {
  std::istringstream lines(text);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("; ")) {
      line.erase(0, 2);
    }
    if (line.starts_with("[")) {
      inside = line.starts_with("[" + kind + "]") || line.starts_with("[" + kind + " ");
    }
    if (inside && line.starts_with(key + " = ")) {
      return true;
    }
  }
  return false;
}

TEST_CASE("every file in etc/ loads on its own, without a complaint") {
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(etc)) {
    if (entry.path().extension() == ".ini") {
      INFO(entry.path());
      CHECK(complaints(entry.path()).empty());
      CHECK(load(entry.path()).configuration);
      ++files;
    }
  }
  CHECK(files >= 4);
}

TEST_CASE("etc/weir.ini loads with all of conf.d included, without a complaint") {
  std::string text = text_of_file(etc / "weir.ini");
  const std::string commented = "; include = conf.d/*.ini";
  const auto at = text.find(commented);
  REQUIRE(at != std::string::npos);
  text.replace(at, commented.size(), "include = " + (etc / "conf.d/*.ini").string());
  const auto copy =
      std::filesystem::temp_directory_path() / ("weir-etc-" + std::to_string(getpid()) + ".ini");
  std::ofstream(copy) << text;
  const auto found = complaints(copy);
  const auto loaded = load(copy);
  std::filesystem::remove(copy);
  CHECK(found == std::vector<std::string>{});
  REQUIRE(loaded.configuration);
  CHECK(loaded.configuration->rules.size() > 2);
}

TEST_CASE("etc/weir.ini shows every key that there is") {
  const std::string text = text_of_file(etc / "weir.ini");
  for (const SectionKind& kind : section_kinds()) {
    for (const Key& key : keys_of(kind, condition_types())) {
      INFO("[" << kind.name << "] " << key.name);
      CHECK(shows(text, std::string(kind.name), std::string(key.name)));
    }
  }
  for (const Key& key : upstream_keys()) {
    INFO("[upstream] " << key.name);
    CHECK(shows(text, "upstream", std::string(key.name)));
  }
  for (const PolicyType& policy : policies()) {
    INFO("type " << policy.name);
    CHECK(text.find(";   " + std::string(policy.name) + " ") != std::string::npos);
    for (const Key& key : policy.keys) {
      INFO("[upstream] " << key.name);
      CHECK(shows(text, "upstream", std::string(key.name)));
    }
  }
}

TEST_CASE("what etc/weir.ini sets is what weir does without it") {
  const auto manual = load(etc / "weir.ini");
  REQUIRE(manual.configuration);
  for (const SectionKind& kind : section_kinds()) {
    if (kind.naming == SectionKind::Naming::required) {
      continue;
    }
    for (const Key& key : keys_of(kind, condition_types())) {
      if (!key.default_value.empty()) {
        INFO("[" << kind.name << "] " << key.name);
        // Set in the file, `default` decides for more ports than when it is left out.
        const bool left_out = kind.name == "gateway" && key.name == "default";
        const std::string line = (left_out ? "\n; " : "\n") + std::string(key.name) + " = " +
                                 std::string(key.default_value);
        CHECK(text_of_file(etc / "weir.ini").find(line + "\n") != std::string::npos);
      }
    }
  }
}

TEST_CASE("every row of every table has a sentence and a default within its bounds") {
  const auto check = [](const Key& key) {
    INFO(key.name);
    CHECK_FALSE(key.description.empty());
    CHECK(key.min <= key.max);
    if (!key.default_value.empty()) {
      CHECK(parse_value(key, key.default_value, {}).ok());
    }
  };
  for (const SectionKind& kind : section_kinds()) {
    for (const Key& key : keys_of(kind, condition_types())) {
      check(key);
    }
  }
  for (const Key& key : upstream_keys()) {
    check(key);
  }
  for (const PolicyType& policy : policies()) {
    for (const Key& key : policy.keys) {
      check(key);
    }
  }
}

}  // namespace
}  // namespace weir
