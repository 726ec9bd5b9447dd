// The policies direct, reject and drop, what all share, and the table they stand in.
#include <set>
#include <string>
#include <vector>

#include "make.h"

namespace weir {
namespace {

std::string word(const Key& key, std::size_t which) {
  std::vector<std::string> words;
  std::string text(key.choices);
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(", ", begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 2;
  }
  return which < words.size() ? words[which] : "";
}

}  // namespace

TEST_CASE("direct goes to the flow's own destination, again and again") {
  const auto direct = upstream("direct", {{"source", "client"}});
  for (const std::string destination : {"203.0.113.5:80", "[2001:db8::5]:53"}) {
    const Flow one = flow("198.51.100.2:4000", destination);
    for (int i = 0; i < 2; ++i) {
      const Route route = direct->route(one, {});
      CHECK(route.verdict == Route::Verdict::dial);
      CHECK(route.remote == one.destination);
      CHECK(route.source.kind == SourceKind::client);
      CHECK(route.options == &direct->profile().options);
      CHECK(route.server == nullptr);
    }
    CHECK(direct->describe(one) == std::vector{destination});
  }
  CHECK(direct->servers().empty());
  CHECK(direct->offload() == Upstream::Offload::none);
}

TEST_CASE("direct leads to the destination by plain routing, unless it has an egress of its own") {
  using Leads = Upstream::Leads;
  CHECK(upstream("direct", {})->leads() == Leads::to_destination);
  CHECK(upstream("direct", {{"source", "client"}})->leads() == Leads::to_destination);
  CHECK(upstream("direct", {{"source", "192.0.2.1"}})->leads() == Leads::perhaps);
  CHECK(upstream("direct", {{"mark", "0x100/0x100"}})->leads() == Leads::perhaps);
  CHECK(upstream("direct", {{"interface", "wan2"}})->leads() == Leads::perhaps);
  CHECK(upstream("reject", {})->leads() == Leads::elsewhere);
}

TEST_CASE("reject and drop answer with their verdict and let the firewall decide") {
  const Flow one = flow("198.51.100.2:4000", "203.0.113.5:80");
  const auto reject = upstream("reject", {});
  CHECK(reject->route(one, {}).verdict == Route::Verdict::reject);
  CHECK(reject->offload() == Upstream::Offload::reject);
  CHECK(reject->describe(one).empty());
  const auto drop = upstream("drop", {});
  CHECK(drop->route(one, {}).verdict == Route::Verdict::drop);
  CHECK(drop->offload() == Upstream::Offload::drop);
  CHECK(drop->servers().empty());
}

TEST_CASE("a section's profile is what it says, with defaults where it says nothing") {
  const auto plain = upstream("direct", {});
  CHECK(plain->name() == "pool");
  CHECK(plain->profile().type == "direct");
  CHECK(plain->profile().source == Source{});
  CHECK(plain->profile().options == SocketOptions{});
  CHECK(plain->profile().attempts == 4);  // retries = 3

  const auto full = upstream("direct", {{"source", "client:port"},
                                        {"mark", "0x10/0xf0"},
                                        {"interface", "wan0"},
                                        {"dscp", "46"},
                                        {"retries", "0"}});
  CHECK(full->profile().source.kind == SourceKind::client_port);
  CHECK(full->profile().options.mark == Mark{0x10, 0xf0});
  CHECK(full->profile().options.interface == "wan0");
  CHECK(full->profile().options.dscp == 46);
  CHECK_FALSE(upstream("direct", {{"dscp", "keep"}})->profile().options.dscp);
  CHECK(full->profile().attempts == 1);

  const auto fixed = upstream("direct", {{"source", "192.0.2.9"}});
  CHECK(fixed->profile().source.kind == SourceKind::address);
  CHECK(fixed->profile().source.address.text() == "192.0.2.9");
}

TEST_CASE("mapping is per client for direct unless the section says otherwise, else per flow") {
  CHECK(upstream("direct", {})->profile().mapping == Mapping::per_client);
  CHECK(upstream("direct", {{"mapping", "per-flow"}})->profile().mapping == Mapping::per_flow);
  CHECK(upstream("direct", {{"mapping", "per-client"}})->profile().mapping == Mapping::per_client);
  CHECK(upstream("forward", {{"server", "192.0.2.1"}})->profile().mapping == Mapping::per_flow);
}

TEST_CASE("a source that is none is refused at its line") {
  const std::string description =
      " is not gateway, client, client:port or an address of the router";
  for (const std::string source : {"clients", "Client", "client:80", "0.0.0.0", "::", "224.0.0.1",
                                   "192.0.2.1:80", "192.0.2.0/24", "example.net"}) {
    CHECK(refusal("direct", {{"retries", "1"}, {"source", source}}) ==
          "12: '" + source + "'" + description);
  }
}

TEST_CASE("what cannot be the name of one interface is refused") {
  const std::string description =
      " is no interface name (at most 15 bytes, without blanks, quotes or any of / : ! * + ,)";
  CHECK(refusal("direct", {{"interface", "fifteen-bytes-x"}}) == "accepted");
  CHECK(refusal("direct", {{"interface", "eth0.7"}}) == "accepted");
  for (const std::string name : {"sixteen-bytes-xx", "wan1, wan2", "wan1,wan2", "wan1 wan2",
                                 "eth0/1", "eth0:1", "wan*", "wan+", "!wan", "\"wan\""}) {
    CHECK(refusal("direct", {{"interface", name}}) == "11: '" + name + "'" + description);
  }
}

TEST_CASE("the built-ins are what the manual says") {
  struct Row {
    std::string name;
    Route::Verdict verdict;
    SourceKind source;
    Upstream::Offload offload;
  };
  using Verdict = Route::Verdict;
  using Offload = Upstream::Offload;
  const std::vector<Row> rows{
      {"direct", Verdict::dial, SourceKind::gateway, Offload::none},
      {"transparent", Verdict::dial, SourceKind::client, Offload::none},
      {"bypass", Verdict::dial, SourceKind::client, Offload::bypass},
      {"reject", Verdict::reject, SourceKind::gateway, Offload::reject},
      {"drop", Verdict::drop, SourceKind::gateway, Offload::drop},
  };
  std::set<std::string> names;
  for (const Row& row : rows) {
    INFO(row.name);
    names.insert(row.name);
    const auto made = make_builtin(row.name);
    REQUIRE(made);
    CHECK(made->name() == row.name);
    const Route route = made->route(flow("198.51.100.2:4000", "203.0.113.5:80"), {});
    CHECK(route.verdict == row.verdict);
    CHECK(route.source.kind == row.source);
    CHECK(made->offload() == row.offload);
    if (row.verdict == Verdict::dial) {
      CHECK(route.options != nullptr);
      CHECK(made->profile().mapping == Mapping::per_client);
    }
  }
  CHECK(std::set<std::string>(builtin_names().begin(), builtin_names().end()) == names);
  for (const std::string other : {"", "forward", "Direct", "socks5"}) {
    CHECK(make_builtin(other) == nullptr);
  }
}

TEST_CASE("every row of the table is complete") {
  std::set<std::string_view> types;
  for (const PolicyType& row : policies()) {
    INFO(row.name);
    CHECK(types.insert(row.name).second);
    CHECK_FALSE(row.name.empty());
    CHECK_FALSE(row.description.empty());
    CHECK(row.make != nullptr);
    std::vector<Key> keys(upstream_keys().begin(), upstream_keys().end());
    keys.insert(keys.end(), row.keys.begin(), row.keys.end());
    std::set<std::string_view> names;
    for (const Key& key : keys) {
      INFO(key.name);
      CHECK(names.insert(key.name).second);  // a policy does not shadow what all share
      CHECK_FALSE(key.description.empty());
      CHECK(key.description.back() != '.');
      CHECK(key.min <= key.max);
      if (!key.default_value.empty()) {
        CHECK(parse_value(key, key.default_value, {}).ok());
      }
      if (key.kind == ValueKind::word) {
        CHECK_FALSE(word(key, 0).empty());
        for (std::size_t i = 0; !word(key, i).empty(); ++i) {
          CHECK(parse_value(key, word(key, i), {}).ok());
        }
        CHECK_FALSE(parse_value(key, "no-such-word", {}).ok());
      }
      if (key.kind == ValueKind::number) {
        CHECK(parse_value(key, std::to_string(key.min), {}).ok());
        CHECK(parse_value(key, std::to_string(key.max), {}).ok());
        CHECK_FALSE(parse_value(key, std::to_string(key.max + 1), {}).ok());
      }
    }
  }
  CHECK(types == std::set<std::string_view>{"direct", "forward", "socks5", "http-connect", "group",
                                            "reject", "drop"});
}

}  // namespace weir
