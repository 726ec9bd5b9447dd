// A packet filter as data: chains of steps, whichever tool installed them, and what becomes of a
// probe in them. Pure; the readers of nft's and iptables' words are filter_of_nft.cc and
// filter_of_iptables.cc.
//
// What a reader does not understand is a condition whose answer is `unknown`: the fate of the probe
// is then `uncertain`, never `passes`, unless both ways end well.
//
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "doctor/ipsets.h"
#include "doctor/probe.h"

namespace weir::doctor {

using Condition = std::function<Answer(const Probe&)>;

enum class Act : std::uint8_t {
  nothing,  // counts, logs: the next step follows
  accept,
  refuse,   // drops or rejects
  jump,     // to `target`, and comes back
  go_to,    // to `target`; its end is this chain's end
  leave,    // back to the chain that jumped here
  remark,   // writes the mark: from here on it is not known
  unknown,  // hands the packet to something that decides elsewhere
};

struct Step {
  std::vector<Condition> conditions;  // all hold
  Act act = Act::nothing;
  std::string target;
  std::string text;          // as the tool prints it; empty: see chain and handle
  std::string chain;         // that it stands in
  std::uint64_t handle = 0;  // nft's number of it
};

struct BaseChain {
  std::string hook;  // "input", "forward", "prerouting"
  std::string chain;
  int priority = 0;
  bool refuses = false;  // its policy
};

struct Filter {
  std::string tool;  // "nft", "iptables", "ip6tables-legacy"
  std::vector<Family> families;
  std::map<std::string, std::vector<Step>> chains;
  std::vector<BaseChain> bases;
};

// One filter for each family of tables; not weir's own table. Chains keep nft's names: "inet fw4
// input".
[[nodiscard]] std::vector<Filter> filters_of_nft(const Json& listing);
// From `iptables-save`; `tool` is the program that changes what it printed. Not weir's own chains.
// Chains are named with their table: "filter INPUT".
[[nodiscard]] Filter filter_of_iptables(std::string_view tool, Family family,
                                        const std::string& saved, const IpSets& sets = {});

enum class Fate : std::uint8_t { passes, uncertain, partly_refused, refused };

struct Judgement {
  Fate fate = Fate::passes;
  const Step* step = nullptr;  // that refuses, or is not understood; null: the policy
};

// Every step (or the policy) that refuses the probe or a part of it, or may do so, in their order.
// Empty: it passes. REQUIRES: `base` is one of the filter's.
[[nodiscard]] std::vector<Judgement> refusals(const Filter& filter, const BaseChain& base,
                                              const Probe& probe);
// The worst of these.
[[nodiscard]] Judgement judge(const Filter& filter, const BaseChain& base, const Probe& probe);

}  // namespace weir::doctor
