#include "upstream/forward.h"

#include <map>
#include <string>
#include <vector>

#include "make.h"

namespace weir {
namespace {

using Tried = std::vector<std::shared_ptr<Server>>;

const Flow from_v4 = flow("198.51.100.2:4000", "203.0.113.5:8080");
const Flow from_v6 = flow("[2001:db8::2]:4000", "[2001:db8:1::5]:8080");

std::string chosen(const Upstream& upstream, const Flow& flow, const Tried& tried = {}) {
  const Route route = upstream.route(flow, tried);
  if (route.verdict == Route::Verdict::no_server) {
    CHECK(route.server == nullptr);
    return "no server";
  }
  CHECK(route.verdict == Route::Verdict::dial);
  REQUIRE(route.server != nullptr);
  CHECK(route.options == &upstream.profile().options);
  CHECK(route.source == upstream.profile().source);
  return route.server->identity().name + " " + route.remote.text();
}

void publish(const Upstream& upstream, std::size_t which, const std::vector<std::string>& texts) {
  AddressSet set;
  for (const auto& text : texts) {
    set.add(Address::parse(text).value());
  }
  upstream.servers()[which]->publish(set);
}

}  // namespace

TEST_CASE("flows take turns at the servers by their weights") {
  const auto pool =
      upstream("forward", {{"server", "a=192.0.2.1:80 weight=2"}, {"server", "b=192.0.2.2:81"}});
  std::map<std::string, int> got;
  for (int i = 0; i < 30; ++i) {
    ++got[chosen(*pool, from_v4)];
  }
  CHECK(got == std::map<std::string, int>{{"a 192.0.2.1:80", 20}, {"b 192.0.2.2:81", 10}});
}

TEST_CASE("a server without a port gets the flow's destination port") {
  CHECK(chosen(*upstream("forward", {{"server", "a=192.0.2.1"}}), from_v4) == "a 192.0.2.1:8080");
  CHECK(chosen(*upstream("forward", {{"server", "a=192.0.2.1:80"}}), from_v4) == "a 192.0.2.1:80");
  CHECK(chosen(*upstream("forward", {{"server", "a=fd00::1"}}), from_v6) == "a [fd00::1]:8080");
}

TEST_CASE("servers that were tried are passed over until none is left") {
  const auto pool = upstream(
      "forward",
      {{"server", "a=192.0.2.1"}, {"server", "b=192.0.2.2 weight=5"}, {"server", "c=192.0.2.3"}});
  Tried tried;
  std::map<std::string, int> seen;
  for (int i = 0; i < 3; ++i) {
    const Route route = pool->route(from_v4, tried);
    REQUIRE(route.verdict == Route::Verdict::dial);
    ++seen[route.server->identity().name];
    tried.push_back(route.server);
  }
  CHECK(seen == std::map<std::string, int>{{"a", 1}, {"b", 1}, {"c", 1}});
  CHECK(chosen(*pool, from_v4, tried) == "no server");
}

TEST_CASE("a name that has not been resolved is no server") {
  const auto pool = upstream("forward", {{"server", "a=www.example.net:80"}});
  CHECK(pool->servers()[0]->is_named());
  CHECK(chosen(*pool, from_v4) == "no server");
  publish(*pool, 0, {"192.0.2.7"});
  CHECK(chosen(*pool, from_v4) == "a 192.0.2.7:80");
  publish(*pool, 0, {});
  CHECK(chosen(*pool, from_v4) == "no server");
}

TEST_CASE("of a server's addresses the flow's family is taken, the other where it may") {
  struct Row {
    std::string source;
    std::vector<std::string> addresses;
    std::string for_v4;
    std::string for_v6;
  };
  const std::string four = "a 192.0.2.7:80";
  const std::string six = "a [fd00::7]:80";
  const std::string none = "no server";
  const std::vector<Row> rows{
      {"gateway", {"192.0.2.7", "fd00::7"}, four, six},
      {"gateway", {"fd00::7", "192.0.2.7"}, four, six},
      {"gateway", {"192.0.2.7"}, four, four},
      {"gateway", {"fd00::7"}, six, six},
      {"client", {"192.0.2.7", "fd00::7"}, four, six},
      {"client", {"192.0.2.7"}, four, none},  // an IPv6 client's address fits no IPv4 packet
      {"client", {"fd00::7"}, none, six},
      {"client:port", {"192.0.2.7"}, four, none},
      {"client:port", {"fd00::7", "192.0.2.7"}, four, six},
      {"192.0.2.9", {"192.0.2.7", "fd00::7"}, four, four},  // the fixed source's family
      {"192.0.2.9", {"fd00::7"}, none, none},
      {"fd00::9", {"192.0.2.7", "fd00::7"}, six, six},
      {"gateway", {}, none, none},
  };
  for (const Row& row : rows) {
    INFO(row.source << " " << row.addresses.size());
    const auto pool =
        upstream("forward", {{"server", "a=host.example:80"}, {"source", row.source}});
    publish(*pool, 0, row.addresses);
    CHECK(chosen(*pool, from_v4) == row.for_v4);
    CHECK(chosen(*pool, from_v6) == row.for_v6);
  }
}

TEST_CASE("a server of the wrong family leaves its turns to the others") {
  const auto pool = upstream(
      "forward", {{"server", "six=fd00::1"}, {"server", "four=192.0.2.1"}, {"source", "client"}});
  for (int i = 0; i < 4; ++i) {
    CHECK(chosen(*pool, from_v4) == "four 192.0.2.1:8080");
    CHECK(chosen(*pool, from_v6) == "six [fd00::1]:8080");
  }
}

TEST_CASE("candidates name every server with its weight and take no turn") {
  const auto pool = upstream("forward", {{"server", "a=192.0.2.1:80 weight=2"},
                                         {"server", "fd00::1"},
                                         {"server", "www.example.net:443"}});
  const std::vector<std::string> expected{"a 192.0.2.1:80 weight=2",
                                          "fd00::1 [fd00::1]:8080 weight=1",
                                          "www.example.net:443 www.example.net:443 weight=1"};
  for (int i = 0; i < 3; ++i) {
    CHECK(pool->describe(from_v4) == expected);
  }
  CHECK(chosen(*pool, from_v4) == "a 192.0.2.1:80");
}

TEST_CASE("a section of servers that is wrong is refused at its line") {
  CHECK(refusal("forward", {{"server", "a=192.0.2.1"}, {"server", "a=192.0.2.2"}}) ==
        "12: a second server named 'a' (give it a name: NAME=HOST)");
  CHECK(refusal("forward", {{"server", "192.0.2.1:80"}, {"server", "192.0.2.1:80 weight=2"}}) ==
        "12: a second server named '192.0.2.1:80' (give it a name: NAME=HOST)");
  CHECK(refusal("forward", {{"server", "192.0.2.1:80"}, {"server", "192.0.2.1:81"}}) == "accepted");
  CHECK(refusal("forward", {{"server", "a=192.0.2.1"}, {"server", "b=192.0.2.300"}}) ==
        "12: '192.0.2.300' is neither an address nor a host name");
  CHECK(refusal("forward", {{"server", "192.0.2.1"}, {"mapping", "per-client"}}) ==
        "12: mapping = per-client is for type direct; forward is always per-flow");
  CHECK(refusal("forward", {{"server", "192.0.2.1"}, {"mapping", "per-flow"}}) == "accepted");
}

TEST_CASE("a server that stays keeps its state, one that changes starts afresh") {
  ServerPool pool;
  const auto make = [&](const std::vector<std::pair<std::string, std::string>>& lines) {
    auto made = make_upstream(section("forward", lines), pool, nobody);
    REQUIRE(made.ok());
    return made.value();
  };
  const auto before = make({{"server", "a=host.example:80"}, {"server", "b=192.0.2.2"}});
  publish(*before, 0, {"192.0.2.1"});
  const auto after = make({{"server", "b=192.0.2.3"}, {"server", "a=host.example:80 weight=7"}});
  CHECK(after->servers()[1] == before->servers()[0]);
  CHECK(after->servers()[1]->addresses().size() == 1);
  CHECK(after->servers()[0] != before->servers()[1]);
}

}  // namespace weir
