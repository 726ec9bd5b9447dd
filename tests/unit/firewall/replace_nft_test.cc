#include "firewall/replace_nft.h"

#include "catch.h"
#include "firewall/lower.h"
#include "firewall/print_nft.h"
#include "make.h"

namespace weir::firewall {

namespace {

constexpr std::size_t make = 0;  // the transactions
constexpr std::size_t lead = 1;
constexpr std::size_t clear = 2;

Plan plan_of_web() { return for_nft(make_plan(ruleset_of({rule("web", {tcp(80), tcp(443)})}))); }

bool has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

const std::string listing =
    "table inet weir {\n"
    "\tcounter rule-1-old {\n"
    "\t}\n"
    "\n"
    "\tcounter default {\n"
    "\t}\n"
    "\n"
    "\tct timeout closing {\n"
    "\t\tprotocol tcp\n"
    "\t}\n"
    "\n"
    "\tset rule-1-old-4 {\n"
    "\t\ttype ipv4_addr\n"
    "\t}\n"
    "\n"
    "\tchain own {\n"
    "\t\tmeta l4proto udp return\n"
    "\t}\n"
    "\n"
    "\tchain prerouting {\n"
    "\t\ttype filter hook prerouting priority dstnat + 5; policy accept;\n"
    "\t\ttcp dport 443 goto own\n"
    "\t}\n"
    "}\n";

std::string table_with(const std::string& objects) {
  return "table inet weir {\n" + objects + "}\n";
}

}  // namespace

TEST_CASE("where no table stands there is nothing to replace") {
  const Plan plan = plan_of_web();
  CHECK(replace_nft(plan, "").empty());
  CHECK(replace_nft(plan, "table inet weir {\n}\n").empty());
}

TEST_CASE("a table in which a replacement came to a stop is not replaced step by step") {
  CHECK(replace_nft(plan_of_web(), table_with("\tchain own-new {\n\t\taccept\n\t}\n")).empty());
}

TEST_CASE("the new chains are made beside the old ones, and touch nothing that stands") {
  const std::string text = replace_nft(plan_of_web(), listing).at(make);
  CHECK(has(text, "\tchain own-new {"));
  CHECK(has(text, "\tchain prerouting_steps-new {"));
  CHECK(has(text, "\t\ttcp dport { 80, 443 } goto decide-new"));
  CHECK(has(text, "\tcounter default { }"));
  CHECK(text.find("delete") == std::string::npos);
  CHECK(text.find("flush") == std::string::npos);
  CHECK(text.find(" hook ") == std::string::npos);
}

TEST_CASE("then the hooks lead to the new chains, and ask no set that is made with them") {
  const std::string text = replace_nft(plan_of_web(), listing).at(lead);
  CHECK(has(text, "flush chain inet weir prerouting"));
  CHECK_FALSE(has(text, "delete chain inet weir prerouting"));
  CHECK(has(text, "\t\tgoto prerouting_steps-new"));
  CHECK(text.find("dport {") == std::string::npos);
  CHECK(text.find("chain own") == std::string::npos);
  CHECK(text.find("counter rule") == std::string::npos);
}

TEST_CASE("at last the old chains go, what they alone used, and the new ones have the names") {
  const std::string text = replace_nft(plan_of_web(), listing).at(clear);
  CHECK(has(text, "delete chain inet weir own"));
  CHECK(has(text, "delete counter inet weir rule-1-old"));
  CHECK_FALSE(has(text, "delete counter inet weir default"));
  CHECK(has(text, "delete set inet weir rule-1-old-4"));
  CHECK(has(text, "rename chain inet weir own-new own"));
  CHECK(has(text, "rename chain inet weir prerouting_steps-new prerouting_steps"));
  CHECK_FALSE(has(text, "rename chain inet weir prerouting-new prerouting"));
  // A set that a rule of a chain looks up can go only after the chain, a name only after its owner.
  CHECK(text.find("flush chain inet weir own") < text.find("delete chain inet weir own"));
  CHECK(text.find("delete chain inet weir own") < text.find("delete set"));
  CHECK(text.find("delete chain inet weir own") < text.find("rename chain"));
}

TEST_CASE("timeouts stay where they are the same, in whatever order nft lists them") {
  Ruleset ruleset = ruleset_of({rule("web", {tcp(80)})});
  ruleset.closing = ClosingTimeouts{.time_wait = 30, .close = 5};
  const Plan plan = for_nft(make_plan(ruleset));
  const auto goes = [&](const std::string& policy) {
    const auto steps = replace_nft(plan, table_with("\tct timeout closing {\n"
                                                    "\t\tprotocol tcp\n"
                                                    "\t\tpolicy = { " +
                                                    policy + " }\n\t}\n"));
    return has(steps.at(lead), "delete ct timeout inet weir closing");
  };
  CHECK_FALSE(goes("time_wait : 30, close : 5"));
  CHECK_FALSE(goes("close : 5, time_wait : 30"));
  CHECK(goes("close : 50, time_wait : 30"));
  CHECK(goes("time_wait : 30"));
}

TEST_CASE("timeouts that are no longer wanted go with the hooks that used them") {
  CHECK(has(replace_nft(plan_of_web(), listing).at(lead), "delete ct timeout inet weir closing"));
}

TEST_CASE("a chain whose hook stands elsewhere by now, or that the plan does not have, goes") {
  const std::string text =
      replace_nft(plan_of_web(), table_with("\tchain prerouting {\n"
                                            "\t\ttype filter hook prerouting priority mangle; "
                                            "policy accept;\n"
                                            "\t}\n"
                                            "\n"
                                            "\tchain output {\n"
                                            "\t\ttype route hook output priority mangle; "
                                            "policy accept;\n"
                                            "\t}\n"))
          .at(lead);
  CHECK(has(text, "delete chain inet weir prerouting"));
  CHECK(has(text, "delete chain inet weir output"));
}

}  // namespace weir::firewall
