// An intercepted packet is input to this machine: an input filter that drops by default eats it
// unless it accepts what is marked.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "doctor/checks.h"
#include "doctor/input_filter.h"
#include "firewall/program.h"

namespace weir::doctor {

namespace {

std::string output_of(const std::vector<std::string>& command) {
  const auto ended = firewall::run_program(command, "");
  return ended && ended.value().status == 0 ? ended.value().output : "";
}

Finding dropped(const std::string& filter, const std::string& mend) {
  return {"input-policy", Level::fail,
          filter + " drops what it does not know, and intercepted packets are input here", mend};
}

}  // namespace

Findings examine_input_policy(const Subject& subject) {
  const Mark mark = subject.ruleset.mark;
  Findings findings;
  // The chains of iptables over nft are shown by iptables-save in words that can be judged.
  for (const char* program : {"iptables", "ip6tables"}) {
    if (drops_marked(output_of({std::string(program) + "-save"}), mark)) {
      findings.push_back(dropped(std::string(program) + "' INPUT",
                                 fmt::format("{} -I INPUT -m mark --mark {:#x}/{:#x} -j ACCEPT",
                                             program, mark.value, mark.mask)));
    }
  }
  const auto listing =
      nlohmann::json::parse(output_of({"nft", "-j", "list", "ruleset"}), nullptr, false);
  for (const std::string& filter : dropping_filters_of_nft(listing)) {
    if (filter != "ip filter INPUT" && filter != "ip6 filter INPUT") {
      findings.push_back(
          dropped("the chain " + filter,
                  fmt::format("nft insert rule {} meta mark and {:#x} == {:#x} accept", filter,
                              mark.mask, mark.value)));
    }
  }
  if (findings.empty()) {
    findings.push_back({"input-policy", Level::ok, "no input filter eats intercepted packets", ""});
  }
  return findings;
}

}  // namespace weir::doctor
