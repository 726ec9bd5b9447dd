#include "firewall/translations.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

#include "firewall/program.h"

namespace weir::firewall {

namespace {

constexpr std::size_t max_in_words = 3;

bool has_word(const std::string& line, std::string_view word) {
  const std::string padded = " " + line + " ";
  return padded.find(" " + std::string(word) + " ") != std::string::npos;
}

// Not `ct status dnat`, nor `icmp type redirect`.
bool translates(const std::string& line) {
  constexpr std::array statements{"dnat to ",        "dnat ip to ",    "dnat ip6 to ",
                                  "dnat ip addr ",   "dnat ip6 addr ", "dnat ip prefix ",
                                  "dnat ip6 prefix "};
  return std::any_of(
             statements.begin(), statements.end(),
             [&](const char* statement) { return line.find(statement) != std::string::npos; }) ||
         (has_word(line, "redirect") && line.find("type redirect") == std::string::npos);
}

// Conditions that count by themselves: asked twice they would count twice.
bool counts(const std::string& rule) {
  constexpr std::array conditions{"limit", "hashlimit", "recent", "quota", "connlimit"};
  return std::any_of(conditions.begin(), conditions.end(), [&](const char* condition) {
    return rule.find(std::string(" -m ") + condition + " ") != std::string::npos;
  });
}

std::string output_of(const std::vector<std::string>& command) {
  if (!is_installed(command.front())) {
    return "";
  }
  const auto ended = run_program(command, "");
  return ended && ended.value().status == 0 ? ended.value().output : "";
}

}  // namespace

std::vector<Translation> translations_of_nft(const std::string& listing,
                                             const std::vector<std::string>& skips) {
  std::vector<Translation> all;
  std::string table;
  std::string chain;
  std::istringstream lines(listing);
  for (std::string line; std::getline(lines, line);) {
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.starts_with("table ") || line.starts_with("chain ")) {
      std::string& name = line.starts_with("table ") ? table : chain;
      name = line.substr(6, line.find(" {") - 6);
    } else if (translates(line) && std::find(skips.begin(), skips.end(), table) == skips.end()) {
      all.push_back(
          {.tool = "nft", .rule = fmt::format("{} {}: {}", table, chain, line), .copied = false});
    }
  }
  return all;
}

std::vector<Translation> translations_of_iptables(const std::string& tool,
                                                  const std::string& saved) {
  std::vector<Translation> all;
  std::string table;
  std::istringstream lines(saved);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('*')) {
      table = line;
    } else if (table == "*nat" && line.starts_with("-A ") && !line.starts_with("-A POSTROUTING ") &&
               (has_word(line, "DNAT") || has_word(line, "REDIRECT") || has_word(line, "NETMAP"))) {
      all.push_back({.tool = tool,
                     .rule = "nat " + line.substr(3),
                     .copied = !tool.ends_with("-legacy") && !counts(line)});
    }
  }
  return all;
}

std::vector<Translation> read_translations() {
  std::vector<Translation> all;
  std::vector<std::string> shown;
  for (const std::string family : {"ip", "ip6"}) {
    const std::string tool = family + "tables";
    const std::string plain = output_of({tool + "-save"});
    const std::string legacy = output_of({tool + "-legacy-save"});
    const auto of_plain = translations_of_iptables(tool, plain);
    const auto of_legacy = translations_of_iptables(tool + "-legacy", legacy);
    all.insert(all.end(), of_plain.begin(), of_plain.end());
    if (!of_plain.empty()) {
      shown.push_back(family + " nat");
    }
    // Where iptables is the old one both print the same.
    if (!std::equal(of_plain.begin(), of_plain.end(), of_legacy.begin(), of_legacy.end(),
                    [](const auto& a, const auto& b) { return a.rule == b.rule; })) {
      all.insert(all.end(), of_legacy.begin(), of_legacy.end());
    }
  }
  const auto more = translations_of_nft(output_of({"nft", "-t", "list", "ruleset"}), shown);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

std::string words(const std::vector<Translation>& translations) {
  std::string text;
  for (std::size_t i = 0; i < std::min(max_in_words, translations.size()); ++i) {
    text += (i == 0 ? "" : "; ") + translations[i].tool + " " + translations[i].rule;
  }
  if (translations.size() > max_in_words) {
    text += "; and " + std::to_string(translations.size() - max_in_words) + " more";
  }
  return text;
}

}  // namespace weir::firewall
