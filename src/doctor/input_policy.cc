// An intercepted packet is input to this machine, with the address and port that its client sent it
// to. An input filter that does not know it eats it: by its policy, by a last reject or drop, in a
// chain that others jump to. So every filter at the input hook is asked what becomes of such
// packets.
#include <fmt/format.h>

#include <map>

#include "doctor/checks.h"
#include "doctor/client_probes.h"
#include "doctor/filter.h"
#include "doctor/saved_tables.h"
#include "firewall/program.h"

namespace weir::doctor {

namespace {

// What one rule, or policy, does to whatever meets it.
struct Trouble {
  Fate fate = Fate::passes;
  std::vector<std::string> ports;
  std::vector<std::string> interfaces;

  static void add(std::vector<std::string>& list, const std::string& one) {
    if (std::find(list.begin(), list.end(), one) == list.end()) {
      list.push_back(one);
    }
  }
};

std::string joined(const std::vector<std::string>& words) {
  constexpr std::size_t max = 6;
  std::string text;
  for (std::size_t i = 0; i < words.size() && i < max; ++i) {
    text += (i == 0 ? "" : ", ") + words[i];
  }
  return words.size() > max ? text + ", …" : text;
}

bool jumps_to(const Filter& filter, const std::string& chain, const std::string& target) {
  const auto found = filter.chains.find(chain);
  return found != filter.chains.end() &&
         std::any_of(found->second.begin(), found->second.end(), [&](const Step& step) {
           return step.act == Act::jump && step.target == target;
         });
}

// What to type, and where it has to stand so that it is still there tomorrow.
struct Cure {
  std::string command;
  std::string persistent;
};

Cure cure_for(const Filter& filter, const BaseChain& base, const Trouble& trouble, Mark mark) {
  if (filter.tool != "nft") {
    const auto space = base.chain.find(' ');
    const std::string table = base.chain.substr(0, space);
    const std::string rule =
        fmt::format("-m mark --mark {:#x}/{:#x} -j ACCEPT", mark.value, mark.mask);
    Cure cure{
        fmt::format("{} {}-I {} {}", filter.tool, table == "filter" ? "" : "-t " + table + " ",
                    base.chain.substr(space + 1), rule),
        "save it as the other rules are saved"};
    const bool v6 = filter.families.front() == Family::v6;
    const std::string ufw = v6 ? "ufw6-before-input" : "ufw-before-input";
    if (jumps_to(filter, base.chain, "filter " + ufw)) {
      cure.persistent = fmt::format(
          "ufw keeps it with: sed -i '/^# End required lines/a -A {} {}' /etc/ufw/before{}.rules",
          ufw, rule, v6 ? "6" : "");
    }
    return cure;
  }
  if (base.chain.starts_with("inet firewalld ") && firewall::is_installed("firewall-cmd")) {
    std::string ports;
    for (const std::string& one : trouble.ports) {
      const auto slash = one.find('/');
      const std::string range = one.substr(slash + 1) == "*" ? "1-65535" : one.substr(slash + 1);
      ports += " --add-port=" + range + "/" + one.substr(0, slash);
    }
    return {fmt::format("firewall-cmd --permanent --zone=$(firewall-cmd "
                        "--get-zone-of-interface={}){} && firewall-cmd --reload",
                        trouble.interfaces.front(), ports),
            ""};
  }
  return {fmt::format("nft insert rule {} meta mark and {:#x} == {:#x} accept", base.chain,
                      mark.mask, mark.value),
          "write it into the file that makes this table, too"};
}

Finding finding_of(const Filter& filter, const BaseChain& base, const Step* step,
                   const Trouble& trouble, Mark mark) {
  const std::string name = filter.tool == "nft"
                               ? "the chain " + base.chain
                               : filter.tool + "' " + base.chain.substr(base.chain.find(' ') + 1);
  const std::string rule =
      step == nullptr ? "its policy is drop" : "'" + text_of(filter, *step) + "'";
  const std::string what = joined(trouble.ports) + " from " + joined(trouble.interfaces);
  Finding finding{"input-policy", Level::warn, "", ""};
  switch (trouble.fate) {
    case Fate::refused:
      finding.level = Level::fail;
      finding.text =
          fmt::format("{} refuses intercepted {}, which are input here: {}", name, what, rule);
      break;
    case Fate::partly_refused:
      finding.text = fmt::format("{} refuses a part of intercepted {}: {}", name, what, rule);
      break;
    default:
      finding.text =
          fmt::format("{} may refuse intercepted {}; it depends on {}", name, what, rule);
      break;
  }
  const Cure cure = cure_for(filter, base, trouble, mark);
  finding.fix = cure.command;
  finding.text += cure.persistent.empty() ? "" : " (" + cure.persistent + ")";
  return finding;
}

}  // namespace

Findings examine_input_policy(const Subject& subject) {
  const auto probes = client_probes(subject);
  Findings findings;
  for (const Filter& filter : read_filters()) {
    for (const BaseChain& base : filter.bases) {
      if (base.hook != "input") {
        continue;
      }
      std::map<const Step*, Trouble> troubles;
      for (const Probe& probe : probes) {
        if (std::find(filter.families.begin(), filter.families.end(), probe.family) ==
            filter.families.end()) {
          continue;
        }
        const Judgement judgement = judge(filter, base, probe);
        if (judgement.fate != Fate::passes) {
          Trouble& trouble = troubles[judgement.step];
          trouble.fate = std::max(trouble.fate, judgement.fate);
          Trouble::add(trouble.ports, ports_of(probe));
          Trouble::add(trouble.interfaces, probe.inbound);
        }
      }
      for (const auto& [step, trouble] : troubles) {
        findings.push_back(finding_of(filter, base, step, trouble, subject.ruleset.mark));
      }
    }
  }
  if (findings.empty()) {
    findings.push_back(
        {"input-policy", Level::ok, "input filters let intercepted packets through", ""});
  }
  return findings;
}

}  // namespace weir::doctor
