#include "firewall/counters.h"

#include <charconv>
#include <map>
#include <sstream>
#include <string_view>

#include <nlohmann/json.hpp>

#include "firewall/program.h"
#include "firewall/redirects.h"

namespace weir::firewall {

namespace {

using Index = std::map<std::string, std::size_t, std::less<>>;

Index index_of(const Ruleset& ruleset) {
  Index index;
  for (std::size_t i = 0; i < ruleset.decisions.size(); ++i) {
    index.emplace(counter_name(ruleset.decisions[i]), i);
  }
  if (drops_redirects(ruleset)) {
    index.emplace(redirect_counter, ruleset.decisions.size());
  }
  return index;
}

// "[12:3456] -A WEIR-DECIDE … --comment rule-1-web …"
void add_line(std::vector<RuleCounter>& counters, const Index& index, std::string_view line) {
  constexpr std::string_view option = "--comment ";
  const std::size_t at = line.find(option);
  if (line.empty() || line.front() != '[' || at == std::string_view::npos) {
    return;
  }
  std::string_view name = line.substr(at + option.size());
  if (name.starts_with('"')) {
    name.remove_prefix(1);
  }
  name = name.substr(0, name.find_first_of("\" "));
  const auto found = index.find(name);
  if (found == index.end()) {
    return;
  }

  std::uint64_t packets = 0;
  std::uint64_t bytes = 0;
  const char* end = line.data() + line.size();
  const auto first = std::from_chars(line.data() + 1, end, packets);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':') {
    return;
  }
  if (std::from_chars(first.ptr + 1, end, bytes).ec != std::errc()) {
    return;
  }
  counters[found->second].packets += packets;
  counters[found->second].bytes += bytes;
}

// Null when the value is no object or has no such member.
const nlohmann::json* member(const nlohmann::json& value, const char* name) {
  if (!value.is_object()) {
    return nullptr;
  }
  const auto found = value.find(name);
  return found == value.end() ? nullptr : &*found;
}

std::uint64_t number(const nlohmann::json& value, const char* name) {
  const nlohmann::json* found = member(value, name);
  return found != nullptr && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

Result<std::string> output_of(const std::vector<std::string>& arguments) {
  Result<Ended> ended = run_program(arguments, "");
  if (!ended) {
    return ended.error();
  }
  if (ended.value().status != 0) {
    return Error("cannot read the firewall's counters: " + first_line(ended.value().errors));
  }
  return std::move(ended.value().output);
}

}  // namespace

std::vector<RuleCounter> zero_counters(const Ruleset& ruleset) {
  std::vector<RuleCounter> counters;
  counters.reserve(ruleset.decisions.size());
  for (const Decision& decision : ruleset.decisions) {
    counters.push_back({.name = decision.name, .row = decision.row, .verdict = decision.verdict});
  }
  if (drops_redirects(ruleset)) {
    counters.push_back({.name = std::string(redirect_row), .row = 0, .verdict = Verdict::drop});
  }
  return counters;
}

Result<std::vector<RuleCounter>> counters_of_nft(const Ruleset& ruleset, const std::string& text) {
  std::vector<RuleCounter> counters = zero_counters(ruleset);
  const Index index = index_of(ruleset);
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
  const nlohmann::json* entries = member(document, "nftables");
  if (entries == nullptr || !entries->is_array()) {
    return Error("cannot read the firewall's counters: nft answered with something else");
  }
  for (const nlohmann::json& entry : *entries) {
    const nlohmann::json* counter = member(entry, "counter");
    const nlohmann::json* name = counter != nullptr ? member(*counter, "name") : nullptr;
    if (name == nullptr || !name->is_string()) {
      continue;
    }
    const auto found = index.find(name->get_ref<const std::string&>());
    if (found == index.end()) {
      continue;
    }
    counters[found->second].packets += number(*counter, "packets");
    counters[found->second].bytes += number(*counter, "bytes");
  }
  return counters;
}

void add_counters_of_iptables(std::vector<RuleCounter>& counters, const Ruleset& ruleset,
                              const std::string& text) {
  const Index index = index_of(ruleset);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    add_line(counters, index, line);
  }
}

Result<std::vector<RuleCounter>> read_counters(const Ruleset& ruleset, Backend backend) {
  if (backend == Backend::nft) {
    const Result<std::string> text =
        output_of({"nft", "-j", "list", "counters", "table", "inet", "weir"});
    if (!text) {
      return text.error();
    }
    return counters_of_nft(ruleset, text.value());
  }
  std::vector<RuleCounter> counters = zero_counters(ruleset);
  for (const char* program : {"iptables-save", "ip6tables-save"}) {
    const Result<std::string> text = output_of({program, "-c", "-t", "mangle"});
    if (!text) {
      return text.error();
    }
    add_counters_of_iptables(counters, ruleset, text.value());
  }
  return counters;
}

}  // namespace weir::firewall
