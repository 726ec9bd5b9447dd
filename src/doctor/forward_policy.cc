// Filters at the forward hook, seen from both sides. What weir carries is input and output of this
// machine: a forward rule that would refuse it never meets it (evasions.h). What weir leaves alone,
// by a bypass rule, is forwarded: a filter that refuses everything ends it.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "doctor/addresses.h"
#include "doctor/checks.h"
#include "doctor/client_probes.h"
#include "doctor/evasions.h"
#include "doctor/filter.h"
#include "doctor/saved_tables.h"

namespace weir::doctor {

namespace {

bool is_of(const Filter& filter, Family family) {
  return std::find(filter.families.begin(), filter.families.end(), family) != filter.families.end();
}

// Lets the clients' side through, both ways.
std::string letting_through(const Filter& filter, const BaseChain& base, const Probe& routed) {
  if (filter.tool == "nft") {
    return fmt::format(
        "nft insert rule {0} iifname {1} accept; nft insert rule {0} oifname {1} ct state "
        "established,related accept",
        base.chain, routed.inbound);
  }
  const bool docker = filter.chains.contains("filter DOCKER-USER");
  const std::string chain = docker ? "DOCKER-USER" : base.chain.substr(base.chain.find(' ') + 1);
  return fmt::format(
      "{0} -I {1} -i {2} -j ACCEPT; {0} -I {1} -o {2} -m conntrack --ctstate "
      "RELATED,ESTABLISHED -j ACCEPT",
      filter.tool, chain, routed.inbound);
}

class Examination {
 public:
  explicit Examination(const Subject& subject)
      : subject_(subject), filters_(read_filters()), links_(interface_addresses()) {}

  Findings findings() {
    for (Evasion& evasion : evasions(subject_, filters_, links_)) {
      findings_.push_back(
          {"forward-policy", Level::warn, std::move(evasion.text), std::move(evasion.fix)});
    }
    for (const firewall::Decision& decision : subject_.ruleset.decisions) {
      if (decision.verdict == firewall::Verdict::bypass && decision.looked_up.empty()) {
        check_bypassed(decision);
      }
    }
    if (findings_.empty()) {
      findings_.push_back({"forward-policy", Level::ok,
                           "no forward rule would refuse what weir carries or leaves alone", ""});
    }
    return std::move(findings_);
  }

 private:
  template <typename Each>
  void each_base(Each each) {
    for (const Filter& filter : filters_) {
      for (const BaseChain& base : filter.bases) {
        if (base.hook == "forward") {
          each(filter, base);
        }
      }
    }
  }

  void check_bypassed(const firewall::Decision& decision) {
    std::set<std::pair<const BaseChain*, std::string>> reported;
    for (const Probe& probe : probes_of(subject_, decision)) {
      const auto probes = routed_probes(probe, links_);
      if (probes.empty()) {
        continue;
      }
      each_base([&](const Filter& filter, const BaseChain& base) {
        if (!is_of(filter, probe.family)) {
          return;
        }
        const Judgement judgement = judge(filter, base, probes.front());
        if (judgement.fate == Fate::refused && reported.emplace(&base, probe.inbound).second) {
          findings_.push_back(
              {"forward-policy", Level::fail,
               fmt::format(
                   "[rule {}] leaves {} from {} to the kernel, which does not forward it: {}",
                   decision.name, ports_of(probe), probe.inbound,
                   said(filter, base, judgement.step)),
               letting_through(filter, base, probes.front())});
        }
      });
    }
  }

  const Subject& subject_;
  std::vector<Filter> filters_;
  std::vector<InterfaceAddress> links_;
  Findings findings_;
};

}  // namespace

Findings examine_forward_policy(const Subject& subject) { return Examination(subject).findings(); }

}  // namespace weir::doctor
