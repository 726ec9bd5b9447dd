#include "firewall/counters.h"

#include <charconv>
#include <map>
#include <sstream>
#include <string_view>

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

void leave_out_pairs(std::vector<RuleCounter>& counters, const Ruleset& ruleset) {
  for (std::size_t i = ruleset.decisions.size(); i-- > 0;) {
    if (!ruleset.decisions[i].looked_up.empty()) {
      counters.erase(counters.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
}

void add_counters_of_nft(std::vector<RuleCounter>& counters, const Ruleset& ruleset,
                         const NftCounters::value_type& counted) {
  for (const auto& [name, at] : index_of(ruleset)) {
    if (const auto found = counted.find(name); found != counted.end()) {
      counters[at].packets += found->second.packets;
      counters[at].bytes += found->second.bytes;
    }
  }
}

void add_counters_of_iptables(std::vector<RuleCounter>& counters, const Ruleset& ruleset,
                              const std::string& text) {
  const Index index = index_of(ruleset);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    add_line(counters, index, line);
  }
}

Result<std::optional<std::vector<RuleCounter>>> read_counters(const Ruleset& ruleset,
                                                              Backend backend) {
  std::vector<RuleCounter> counters = zero_counters(ruleset);
  if (backend == Backend::nft) {
    const auto counted = read_nft_counters();
    if (!counted) {
      return counted.error();
    }
    if (!counted.value()) {
      return std::optional<std::vector<RuleCounter>>();
    }
    add_counters_of_nft(counters, ruleset, *counted.value());
    return std::optional(std::move(counters));
  }
  bool is_there = false;
  for (const char* program : {"iptables-save", "ip6tables-save"}) {
    const Result<std::string> text = output_of({program, "-c", "-t", "mangle"});
    if (!text) {
      return text.error();
    }
    is_there = is_there || text.value().find("-A PREROUTING -j WEIR\n") != std::string::npos;
    add_counters_of_iptables(counters, ruleset, text.value());
  }
  leave_out_pairs(counters, ruleset);
  return is_there ? std::optional(std::move(counters)) : std::nullopt;
}

}  // namespace weir::firewall
