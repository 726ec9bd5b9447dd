#include "weir/server.h"

#include <arpa/inet.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "base/server_counts.h"
#include "catch.h"

namespace weir {
namespace {

Address address(const std::string& text) { return Address::parse(text).value(); }

std::vector<std::string> texts(const AddressSet& set) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < set.size(); ++i) {
    out.push_back(set[i].text());
  }
  return out;
}

}  // namespace

TEST_CASE("a server that is an address has it from the start") {
  for (const std::string host : {"192.0.2.1", "fd00::1", "fe80::1%lo"}) {
    INFO(host);
    const Server server({"web", "one", host, 80});
    CHECK_FALSE(server.is_named());
    CHECK(texts(server.addresses()) == std::vector{host});
  }
}

TEST_CASE("a server that is a name has no address until one is published") {
  Server server({"web", "one", "www.example.net", 0});
  CHECK(server.is_named());
  CHECK(server.addresses().size() == 0);
  AddressSet found;
  found.add(address("192.0.2.1"));
  found.add(address("fd00::1"));
  found.add(address("fe80::7%lo"));
  server.publish(found);
  CHECK(texts(server.addresses()) ==
        std::vector<std::string>{"192.0.2.1", "fd00::1", "fe80::7%lo"});
  server.publish({});
  CHECK(server.addresses().size() == 0);
}

TEST_CASE("of more addresses than one flow needs, the first sixteen are kept") {
  AddressSet set;
  for (std::uint32_t i = 1; i <= 20; ++i) {
    set.add(Address::v4(0xc0000200U + i));
  }
  CHECK(set.size() == AddressSet::capacity);
  Server server({"web", "one", "www.example.net", 0});
  server.publish(set);
  const AddressSet got = server.addresses();
  REQUIRE(got.size() == AddressSet::capacity);
  CHECK(got[0].text() == "192.0.2.1");
  CHECK(got[15].text() == "192.0.2.16");
}

TEST_CASE("a reader never sees half of one answer and half of another") {
  Server server({"web", "one", "www.example.net", 0});
  // Answer n has n % 17 addresses, whose every byte says n.
  const auto answer = [](std::uint8_t n) {
    in6_addr raw{};
    std::memset(&raw, n, sizeof raw);
    AddressSet set;
    for (int i = 0; i < n % 17; ++i) {
      set.add(Address::v6(raw));
    }
    return set;
  };
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::atomic<std::uint64_t> reads{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&]() {
      while (!stop.load()) {
        const AddressSet seen = server.addresses();
        for (std::size_t k = 0; k < seen.size(); ++k) {
          const std::uint8_t n = seen[k].bytes()[0];
          const bool whole =
              seen[k] == seen[0] && seen[k].bytes()[15] == n && seen.size() == n % 17U;
          torn += whole ? 0 : 1;
        }
        reads.fetch_add(1);
      }
    });
  }
  // Until enough was published and enough was read, whatever the machine's speed.
  for (std::uint32_t n = 0; n < 20'000 || reads.load() < 500; ++n) {
    server.publish(answer(static_cast<std::uint8_t>(n)));
    if (n % 64 == 0) {
      std::this_thread::yield();
    }
  }
  stop = true;
  for (auto& reader : readers) {
    reader.join();
  }
  CHECK(torn.load() == 0);
}

TEST_CASE("a pool gives the same server for the same identity as long as it is held") {
  ServerPool pool;
  const Server::Identity one{"web", "one", "192.0.2.1", 80};
  auto first = pool.get(one);
  first->counts().of(0).flows.add(5);
  CHECK(pool.get(one) == first);
  for (const Server::Identity& other : {Server::Identity{"office", "one", "192.0.2.1", 80},
                                        Server::Identity{"web", "two", "192.0.2.1", 80},
                                        Server::Identity{"web", "one", "192.0.2.2", 80},
                                        Server::Identity{"web", "one", "192.0.2.1", 81}}) {
    CHECK(pool.get(other) != first);
  }
  first.reset();
  CHECK(pool.get(one)->counts().sum().flows == 0);
}

TEST_CASE("servers and services that are gone are forgotten, those that are held stay") {
  ServerPool pool;
  const auto kept = pool.get({"web", "kept", "192.0.2.1", 80});
  for (int i = 0; i < 1000; ++i) {
    (void)pool.get({"web", "s" + std::to_string(i), "192.0.2.3", 80});
    (void)pool.service("_s" + std::to_string(i) + "._tcp.example.net");
  }
  CHECK(pool.get({"web", "kept", "192.0.2.1", 80}) == kept);
  int visited = 0;
  pool.each([&](const auto&) { ++visited; });
  CHECK(visited == 1);
}

TEST_CASE("a pool visits the servers that are held and forgets the others") {
  ServerPool pool;
  const auto held = pool.get({"web", "held", "192.0.2.1", 80});
  static_cast<void>(pool.get({"web", "gone", "192.0.2.2", 80}));
  std::vector<std::string> visited;
  pool.each(
      [&](const std::shared_ptr<Server>& server) { visited.push_back(server->identity().name); });
  CHECK(visited == std::vector<std::string>{"held"});
}

}  // namespace weir
