#include "firewall/replace_nft.h"

#include "catch.h"
#include "firewall/lower.h"
#include "firewall/print_nft.h"
#include "make.h"

namespace weir::firewall {

namespace {

Plan plan_of_web() { return for_nft(make_plan(ruleset_of({rule("web", {tcp(80)})}))); }

bool has(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_CASE("where no table stands it is made whole") {
  const Plan plan = plan_of_web();
  CHECK(replace_nft(plan, "") == print_nft(plan));
  CHECK(replace_nft(plan, "table inet weir {\n}\n") == print_nft(plan));
}

TEST_CASE("chains with the same hook stay, everything else of the standing table goes") {
  const Plan plan = plan_of_web();
  const std::string text = replace_nft(plan,
                                       "table inet weir {\n"
                                       "\tcounter rule-1-old {\n"
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
                                       "\t\ttype filter hook prerouting priority dstnat + 5; "
                                       "policy accept;\n"
                                       "\t\ttcp dport 443 goto own\n"
                                       "\t}\n"
                                       "}\n");
  CHECK(text.starts_with("flush table inet weir\n"));
  CHECK(has(text, "delete counter inet weir rule-1-old"));
  CHECK(has(text, "delete ct timeout inet weir closing"));
  CHECK(has(text, "delete set inet weir rule-1-old-4"));
  CHECK(has(text, "delete chain inet weir own"));
  CHECK_FALSE(has(text, "delete chain inet weir prerouting"));
  CHECK_FALSE(has(text, "delete table inet weir"));
  // A set that a rule of a chain looks up can go only after the chain.
  CHECK(text.find("delete chain inet weir own") < text.find("delete set"));
  CHECK(text.ends_with(print_nft_table(plan)));
}

TEST_CASE("timeouts stay where they are the same, in whatever order nft lists them") {
  Ruleset ruleset = ruleset_of({rule("web", {tcp(80)})});
  ruleset.closing = ClosingTimeouts{.time_wait = 30, .close = 5};
  const Plan plan = for_nft(make_plan(ruleset));
  const auto goes = [&](const std::string& policy) {
    return has(replace_nft(plan,
                           "table inet weir {\n"
                           "\tct timeout closing {\n"
                           "\t\tprotocol tcp\n"
                           "\t\tpolicy = { " +
                               policy +
                               " }\n"
                               "\t}\n"
                               "}\n"),
               "delete ct timeout inet weir closing");
  };
  CHECK_FALSE(goes("time_wait : 30, close : 5"));
  CHECK_FALSE(goes("close : 5, time_wait : 30"));
  CHECK(goes("close : 50, time_wait : 30"));
  CHECK(goes("time_wait : 30"));
}

TEST_CASE("a chain whose hook stands elsewhere by now, or that the plan does not have, goes") {
  const Plan plan = plan_of_web();
  const std::string text =
      replace_nft(plan,
                  "table inet weir {\n"
                  "\tchain prerouting {\n"
                  "\t\ttype filter hook prerouting priority mangle; policy "
                  "accept;\n"
                  "\t}\n"
                  "\n"
                  "\tchain output {\n"
                  "\t\ttype route hook output priority mangle; policy accept;\n"
                  "\t}\n"
                  "}\n");
  CHECK(has(text, "delete chain inet weir prerouting"));
  CHECK(has(text, "delete chain inet weir output"));
}

}  // namespace weir::firewall
