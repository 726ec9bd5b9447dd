#include "doctor/mark_users.h"

#include "catch.h"

namespace weir::doctor {

namespace {

// A listing with one rule that sets the mark to that value.
std::vector<MarkUser> users_of(const std::string& value, const std::string& table = "fw4") {
  return mark_users_of_nft(json_or_null(
      R"({"nftables": [{"metainfo": {}}, {"rule": {"family": "inet", "table": ")" + table +
      R"(", "chain": "c", "expr": [{"counter": null}, {"mangle": {"key": {"meta": {"key": "mark"}},
          "value": )" +
      value + "}}]}}]}"));
}

constexpr const char* mark = R"({"meta": {"key": "mark"}})";

std::string with(const std::string& operation, const std::string& left, const std::string& right) {
  return "{\"" + operation + "\": [" + left + ", " + right + "]}";
}

}  // namespace

TEST_CASE("a mark that is set outright changes every bit") {
  CHECK(users_of("16") == std::vector<MarkUser>{{"nft inet fw4 c", 0xffffffff}});
}

TEST_CASE("and, or and xor change the bits that they name") {
  CHECK(users_of(with("|", mark, "16")).front().bits == 0x10);
  CHECK(users_of(with("&", mark, "4294967055")).front().bits == 0xf0);
  CHECK(users_of(with("^", mark, "3")).front().bits == 3);
  CHECK(users_of(with("|", with("&", mark, "4294967055"), "16")).front().bits == 0xf0);
}

TEST_CASE("what comes from elsewhere may be anything") {
  CHECK(users_of(R"({"ct": {"key": "mark"}})").front().bits == 0xffffffff);
  CHECK(users_of(with("&", R"({"ct": {"key": "mark"}})", "255")).front().bits == 0xffffffff);
}

TEST_CASE("weir's own table is left out, and so is nonsense") {
  CHECK(users_of("16", "weir").empty());
  CHECK(mark_users_of_nft(json_or_null("[1]")).empty());
  CHECK(mark_users_of_nft(Json()).empty());
  CHECK(mark_users_of_nft(json_or_null(R"({"nftables": [7, {"rule": 3}]})")).empty());
}

TEST_CASE("iptables' targets name value and mask") {
  const auto users = mark_users_of_iptables(
      "iptables",
      "*mangle\n"
      ":PREROUTING ACCEPT [0:0]\n"
      "-A PREROUTING -j WEIR\n"
      "-A WEIR -j MARK --set-xmark 0x1/0x1\n"
      "-A PREROUTING -i wan -j MARK --set-xmark 0x100/0xff00\n"
      "-A FORWARD -j CONNMARK --restore-mark --nfmask 0xff --ctmask 0xff\n"
      "-A FORWARD -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff\n"
      "-A FORWARD -m mark --mark 0x1/0x1 -j ACCEPT\n"
      "COMMIT\n");
  CHECK(users == std::vector<MarkUser>{{"iptables mangle PREROUTING", 0xff00},
                                       {"iptables mangle FORWARD", 0xff}});
}

}  // namespace weir::doctor
