#include "firewall/input_opening.h"

#include "catch.h"
#include "firewall/installed.h"
#include "firewall/script.h"
#include "make.h"

namespace weir::firewall {

namespace {

constexpr Mark mark{0x1, 0x1};
const std::string chain =
    "-A WEIR-INPUT -m mark --mark 0x1/0x1 -m socket --nowildcard --transparent -j ACCEPT\n";

InputState state_of(const std::string& rules, const std::string& policy = "ACCEPT") {
  return input_state_in("*mangle\n:INPUT DROP [0:0]\n-A INPUT -j DROP\nCOMMIT\n*filter\n:INPUT " +
                            policy + " [7:420]\n:FORWARD DROP [0:0]\n" + rules + "COMMIT\n",
                        mark);
}

}  // namespace

TEST_CASE("INPUT may refuse by a rule or by its policy, and is left alone where it has neither") {
  CHECK_FALSE(is_shut(state_of("-A FORWARD -j DROP\n")));
  CHECK(is_shut(state_of("", "DROP")));
  CHECK(is_shut(state_of("-A INPUT -j ufw-before-input\n")));
  CHECK_FALSE(is_shut(state_of("-A INPUT -j WEIR\n")));
}

TEST_CASE("INPUT is open with weir's jump and the rule for this mark behind it") {
  const std::string head = ":WEIR-INPUT - [0:0]\n-A INPUT -j WEIR-INPUT\n-A INPUT -j DROP\n";
  CHECK_FALSE(is_shut(state_of(head + chain)));
  CHECK(is_shut(state_of(head)));
  CHECK(is_shut(state_of(":WEIR-INPUT - [0:0]\n-A INPUT -j DROP\n" + chain)));
  CHECK(is_shut(state_of(head + "-A WEIR-INPUT -m mark --mark 0x10/0x10 -m socket -j ACCEPT\n")));
  CHECK_FALSE(is_shut(state_of("-A INPUT -j WEIR-INPUT\n" + chain)));
}

TEST_CASE("what is let in carries the mark and is for a transparent socket") {
  FirewallSettings settings;
  settings.mark = {0x100, 0xf00};
  const Ruleset ruleset = ruleset_of({rule("web", {tcp(80)})}, settings);
  CHECK(input_rule(ruleset) ==
        "-m mark --mark 0x100/0xf00 -m socket --transparent --nowildcard -j ACCEPT");
  settings.mark = {0x7, 0xffffffff};
  CHECK(input_rule(ruleset_of({rule("web", {tcp(80)})}, settings))
            .starts_with("-m mark --mark 0x7 "));
}

TEST_CASE("rules that intercept nothing let nothing in, and take away what was let in") {
  const Ruleset serves = ruleset_of({rule("web", {tcp(80)})});
  for (const Backend backend : {Backend::nft, Backend::iptables}) {
    CHECK(apply_script(serves, backend).find("\topen_inputs '-m mark") != std::string::npos);
    CHECK(apply_script(while_down(serves), backend).find("\topen_inputs '") == std::string::npos);
    CHECK(apply_script(while_down(serves), backend).find("\tshut_inputs\n}") != std::string::npos);
    CHECK(remove_script(backend).find("\tshut_inputs\n") != std::string::npos);
  }
}

TEST_CASE("the opening in INPUT is no part of the rules that a repair compares") {
  const std::string filter = "*filter\n:WEIR-INPUT - [0:0]\n-A INPUT -j WEIR-INPUT\n" + chain;
  CHECK(own_lines(filter).empty());
}

}  // namespace weir::firewall
