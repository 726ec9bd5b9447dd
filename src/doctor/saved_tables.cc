#include "doctor/saved_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "firewall/program.h"

namespace weir::doctor {

namespace {

bool has_tables(const std::string& saved) {
  return saved.starts_with('*') || saved.find("\n*") != std::string::npos;
}

// "counter packets 7 bytes 420 drop": what it counted is no part of the rule.
std::string without_counts(const std::string& rule) {
  const auto start = rule.find(" packets ");
  if (start == std::string::npos) {
    return rule;
  }
  std::istringstream words(rule.substr(start));
  std::string kept = rule.substr(0, start);
  for (std::string word; words >> word;) {
    if (word == "packets" || word == "bytes") {
      words >> word;
    } else {
      kept += " " + word;
    }
  }
  return kept;
}

// "filter FORWARD" of iptables is nft's "ip filter FORWARD".
bool is_shown_by_iptables(const BaseChain& base, const std::vector<Filter>& tables) {
  return std::any_of(tables.begin(), tables.end(), [&](const Filter& one) {
    const std::string family = one.families.front() == Family::v4 ? "ip " : "ip6 ";
    return !one.tool.ends_with("-legacy") &&
           std::any_of(one.bases.begin(), one.bases.end(),
                       [&](const BaseChain& shown) { return family + shown.chain == base.chain; });
  });
}

}  // namespace

std::string output_of(const std::vector<std::string>& command) {
  const auto ended = firewall::run_program(command, "");
  return ended && ended.value().status == 0 ? ended.value().output : "";
}

std::vector<SavedTables> read_saved_tables() {
  std::vector<SavedTables> all;
  for (const Family family : {Family::v4, Family::v6}) {
    const std::string plain = family == Family::v4 ? "iptables" : "ip6tables";
    if (!firewall::is_installed(plain + "-nft-save") &&
        !firewall::is_installed(plain + "-legacy-save")) {
      all.push_back({plain, plain, family, output_of({plain + "-save"})});
      continue;
    }
    const std::string version = output_of({plain, "--version"});
    for (const auto& [suffix, word] : {std::pair{"-nft", "nf_tables"}, {"-legacy", "legacy"}}) {
      const bool is_plain = version.find(word) != std::string::npos;
      all.push_back({is_plain ? plain : plain + suffix, plain, family,
                     output_of({plain + suffix + "-save"})});
    }
  }
  std::erase_if(all, [](const SavedTables& one) { return !has_tables(one.text); });
  return all;
}

std::vector<Filter> read_filters() {
  std::vector<Filter> all;
  const auto tables = read_saved_tables();
  const bool ask_sets = std::any_of(tables.begin(), tables.end(), [](const SavedTables& one) {
    return one.text.find("--match-set ") != std::string::npos;
  });
  const IpSets sets = ask_sets ? ipsets_of(output_of({"ipset", "save"})) : IpSets();
  all.reserve(tables.size());
  for (const SavedTables& one : tables) {
    all.push_back(filter_of_iptables(one.program, one.family, one.text, sets));
  }
  const auto listing = json_or_null(output_of({"nft", "-j", "list", "ruleset"}));
  for (Filter& filter : filters_of_nft(listing)) {
    std::erase_if(filter.bases,
                  [&](const BaseChain& base) { return is_shown_by_iptables(base, all); });
    all.push_back(std::move(filter));
  }
  return all;
}

std::string text_of(const Filter& filter, const Step& step) {
  if (filter.tool != "nft") {
    return step.text;
  }
  std::vector<std::string> command{"nft", "-a", "list", "chain"};
  std::istringstream path(step.chain);
  for (std::string word; path >> word;) {
    command.push_back(word);
  }
  std::istringstream lines(output_of(command));
  const std::string mark = fmt::format(" # handle {}", step.handle);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with(mark)) {
      const auto start = line.find_first_not_of(" \t");
      return without_counts(line.substr(start, line.size() - mark.size() - start));
    }
  }
  return fmt::format("rule {} of {}", step.handle, step.chain);
}

}  // namespace weir::doctor
