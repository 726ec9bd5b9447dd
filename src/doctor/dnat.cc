// What another rule translates goes where that says: weir decides on flows that keep their
// destination. That is no fault, but a reader who looks for such a flow in weir's records has to be
// told. With iptables weir's rules come before translation and know of it by a copy, which cannot
// have everything.
#include "doctor/checks.h"
#include "firewall/translations.h"

namespace weir::doctor {

Findings examine_dnat(const Subject& subject) {
  std::vector<firewall::Translation> pass;
  std::vector<firewall::Translation> lost;
  for (firewall::Translation& one : firewall::read_translations()) {
    (one.passes(subject.backend) ? pass : lost).push_back(std::move(one));
  }
  Findings findings;
  if (!lost.empty()) {
    findings.push_back({"dnat", Level::warn,
                        "weir's iptables rules come before these DNAT rules and have no copy of "
                        "them, so weir intercepts what these would translate: " +
                            words(lost),
                        "weir firewall remove --backend iptables && weir firewall apply --backend "
                        "nft -c " +
                            subject.configuration.file});
  }
  if (!pass.empty()) {
    findings.push_back(
        {"dnat", Level::ok,
         "these rules translate destinations (DNAT) before weir, which leaves such flows alone: " +
             words(pass),
         ""});
  }
  if (findings.empty()) {
    findings.push_back({"dnat", Level::ok, "no other rule translates destinations", ""});
  }
  return findings;
}

}  // namespace weir::doctor
