#include "doctor/input_filter.h"

#include <nlohmann/json.hpp>

#include "catch.h"

namespace weir::doctor {

namespace {

constexpr Mark ours{0x1, 0x1};

bool iptables_drops(const std::string& rules, const std::string& policy = "DROP") {
  return drops_marked("*nat\n:INPUT DROP [0:0]\nCOMMIT\n*filter\n:INPUT " + policy + " [0:0]\n" +
                          rules + "COMMIT\n",
                      ours);
}

// A chain of that policy with one rule of those expressions.
bool nft_drops(const std::string& policy, const std::string& expressions) {
  return !dropping_filters_of_nft(
              nlohmann::json::parse(
                  R"({"nftables": [
                       {"chain": {"family": "inet", "table": "fw", "name": "input", "hook": "input",
                                  "policy": ")" +
                  policy + R"("}}, {"rule": {"family": "inet", "table": "fw", "chain": "input",
                                             "expr": [)" +
                  expressions + "]}}]}"))
              .empty();
}

}  // namespace

TEST_CASE("iptables: a policy of drop eats what no rule for all clients accepts") {
  CHECK(iptables_drops(""));
  CHECK(iptables_drops("-A INPUT -i lo -j ACCEPT\n-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT\n"));
  CHECK(iptables_drops("-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"));
  CHECK(iptables_drops("-A INPUT -m mark --mark 0x2/0x2 -j ACCEPT\n"));
  CHECK(iptables_drops("-A INPUT -i lan -j LOG\n"));
}

TEST_CASE("iptables: accepting the mark, the clients' interface or everything lets them in") {
  CHECK_FALSE(iptables_drops("-A INPUT -m mark --mark 0x1/0x1 -j ACCEPT\n"));
  CHECK_FALSE(iptables_drops("-A INPUT -i lan -j ACCEPT\n"));
  CHECK_FALSE(iptables_drops("-A INPUT -i lan -j lan_in\n"));
  CHECK_FALSE(iptables_drops("-A INPUT -m socket --transparent -j ACCEPT\n"));
  CHECK_FALSE(iptables_drops("", "ACCEPT"));
}

TEST_CASE("nft: the same, from its JSON") {
  const std::string accept = R"({"accept": null})";
  const auto match = [](const std::string& left, const std::string& right) {
    return R"({"match": {"op": "==", "left": )" + left + R"(, "right": )" + right + "}}, ";
  };
  const std::string mark = R"({"&": [{"meta": {"key": "mark"}}, 1]})";
  const std::string interface = R"({"meta": {"key": "iifname"}})";
  CHECK(nft_drops("drop", R"({"counter": null})"));
  CHECK(nft_drops("drop", match(interface, "\"lo\"") + accept));
  CHECK(nft_drops("drop", match(R"({"ct": {"key": "state"}})", "\"established\"") + accept));
  CHECK_FALSE(nft_drops("drop", match(mark, "1") + accept));
  CHECK_FALSE(nft_drops("drop", match(interface, "\"lan\"") + accept));
  CHECK_FALSE(nft_drops("drop", match(R"({"socket": {"key": "transparent"}})", "1") + accept));
  CHECK_FALSE(nft_drops("drop", R"({"jump": {"target": "lan"}})"));
  CHECK_FALSE(nft_drops("accept", R"({"counter": null})"));
}

TEST_CASE("nft: what is no listing has no filters") {
  CHECK(dropping_filters_of_nft(nlohmann::json::parse("{}")).empty());
  CHECK(
      dropping_filters_of_nft(nlohmann::json::parse(R"({"nftables": [{"chain": 1}, 2]})")).empty());
}

}  // namespace weir::doctor
