#include "dns/resolver.h"

#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/folder.h"
#include "catch.h"
#include "dns/fake_dns_server.h"

namespace weir {
namespace {

using Texts = std::vector<std::string>;

std::shared_ptr<Server> named(const std::string& host, const std::string& name = "web1") {
  return std::make_shared<Server>(
      Server::Identity{.upstream = "pool", .name = name, .host = host, .port = 80});
}

Texts addresses(const Server& server) {
  Texts out;
  const auto set = server.addresses();
  for (std::size_t i = 0; i < set.size(); ++i) {
    out.push_back(set[i].text());
  }
  return out;
}

// A resolver, a fake server that it asks, and what the test lets that server say.
struct Fixture {
  Folder folder;
  Loop loop;
  std::function<DnsReply(const DnsQuestion&)> answer;
  FakeDnsServer dns{loop, [this](const DnsQuestion& question) { return answer(question); }};
  std::unique_ptr<Log> log = std::move(Log::open(log_settings())).value();
  std::unique_ptr<Resolver> resolver;

  Fixture() {
    resolver = std::move(Resolver::make(loop, settings(), Mark{}, *log)).value();
    answer = [](const DnsQuestion& question) {
      return question.type == type_a
                 ? DnsReply{.records = {{question.name, type_a, 0, "192.0.2.1"}}}
                 : DnsReply{};
    };
  }

  [[nodiscard]] LogSettings log_settings() const {
    LogSettings out;
    out.target = LogTarget::file;
    out.path = folder / "log";
    return out;
  }

  [[nodiscard]] DnsSettings settings() const {
    DnsSettings out;
    out.servers = {dns.endpoint()};
    out.min_ttl = Milliseconds(100);
    return out;
  }

  // Runs the loop until `condition` holds, for at most 20 s.
  bool comes_true(const std::function<bool()>& condition) {
    const auto deadline = clock_now() + std::chrono::seconds(20);
    Timer ticker(loop, [&] {
      if (condition() || clock_now() > deadline) {
        loop.stop();
      }
    });
    ticker.every(Milliseconds(1));
    loop.run();
    return condition();
  }

  std::string log_text() {
    log.reset();
    std::ostringstream out;
    out << std::ifstream(folder / "log").rdbuf();
    return out.str();
  }
};

DnsReply code(int value) { return DnsReply{.code = value, .records = {}}; }

TEST_CASE_METHOD(Fixture, "a named server gets its addresses of both families") {
  answer = [](const DnsQuestion& question) {
    return DnsReply{.records = {{question.name, question.type, 60,
                                 question.type == type_a ? "192.0.2.1" : "2001:db8::1"}}};
  };
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return server->addresses().size() == 2; }));
  CHECK(addresses(*server) == Texts{"192.0.2.1", "2001:db8::1"});
}

TEST_CASE_METHOD(Fixture, "a server with an address is not looked up") {
  const auto literal = named("192.0.2.7");
  resolver->track(literal);
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return server->addresses().size() == 1; }));
  CHECK(dns.queries() == 2);
  CHECK(addresses(*literal) == Texts{"192.0.2.7"});
}

TEST_CASE_METHOD(Fixture, "a chain of aliases leads to the address") {
  answer = [](const DnsQuestion& question) {
    if (question.type != type_a) {
      return DnsReply{};
    }
    return DnsReply{.records = {{"web.example", type_cname, 300, "a.example"},
                                {"a.example", type_cname, 300, "b.example"},
                                {"b.example", type_a, 300, "192.0.2.1"}}};
  };
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return addresses(*server) == Texts{"192.0.2.1"}; }));
}

TEST_CASE_METHOD(Fixture, "aliases in a circle are no address") {
  answer = [](const DnsQuestion&) {
    return DnsReply{.records = {{"web.example", type_cname, 60, "a.example"},
                                {"a.example", type_cname, 60, "web.example"}}};
  };
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return dns.queries() >= 4; }));
  CHECK(addresses(*server).empty());
}

TEST_CASE_METHOD(Fixture, "an answer with TTL 0 is asked for again, and changes are followed") {
  std::string now = "192.0.2.1";
  answer = [&](const DnsQuestion& question) {
    return question.type == type_a ? DnsReply{.records = {{question.name, type_a, 0, now}}}
                                   : DnsReply{};
  };
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return addresses(*server) == Texts{"192.0.2.1"}; }));
  now = "192.0.2.2";
  CHECK(comes_true([&] { return addresses(*server) == Texts{"192.0.2.2"}; }));
  resolver.reset();
  const auto text = log_text();
  CHECK(text.find("web.example is 192.0.2.1") != std::string::npos);
  CHECK(text.find("web.example is now 192.0.2.2; was 192.0.2.1") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a TTL of 2^31 counts as none") {
  answer = [](const DnsQuestion& question) {
    return question.type == type_a
               ? DnsReply{.records = {{question.name, type_a, 0x80000000U, "192.0.2.1"}}}
               : DnsReply{};
  };
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return dns.queries() >= 4; }));
}

TEST_CASE_METHOD(Fixture, "the last good answer outlives NXDOMAIN and SERVFAIL") {
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return addresses(*server) == Texts{"192.0.2.1"}; }));
  for (const int wrong : {3, 2}) {
    answer = [wrong](const DnsQuestion&) { return code(wrong); };
    const auto before = dns.queries();
    CHECK(comes_true([&] { return dns.queries() >= before + 4; }));
    CHECK(addresses(*server) == Texts{"192.0.2.1"});
  }
  answer = [](const DnsQuestion& question) {
    return question.type == type_a ? DnsReply{.records = {{question.name, type_a, 60, "192.0.2.3"}}}
                                   : DnsReply{};
  };
  CHECK(comes_true([&] { return addresses(*server) == Texts{"192.0.2.3"}; }));
  resolver.reset();
  const auto text = log_text();
  const auto warning = text.find("cannot resolve web.example: no such name");
  CHECK(warning != std::string::npos);
  CHECK(text.find("cannot resolve", warning + 1) == std::string::npos);
  CHECK(text.find("web.example resolves again") != std::string::npos);
}

TEST_CASE_METHOD(Fixture, "a DNS server that fails on AAAA does not take the A records along") {
  answer = [](const DnsQuestion& question) {
    return question.type == type_a ? DnsReply{.records = {{question.name, type_a, 60, "192.0.2.1"}}}
                                   : code(2);
  };
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return addresses(*server) == Texts{"192.0.2.1"}; }));
}

TEST_CASE_METHOD(Fixture, "a thousand addresses come over TCP, and a server keeps what it can") {
  answer = [](const DnsQuestion& question) {
    DnsReply reply{.manner = DnsReply::Manner::truncate, .records = {}};
    for (int i = 0; question.type == type_a && i < 1000; ++i) {
      reply.records.push_back(
          {question.name, type_a, 60,
           "198.51." + std::to_string(i / 250) + "." + std::to_string(i % 250)});
    }
    if (question.type != type_a) {
      reply.manner = DnsReply::Manner::answer;
    }
    return reply;
  };
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return server->addresses().size() == AddressSet::capacity; }));
}

TEST_CASE_METHOD(Fixture, "servers with one name are one lookup, and a late one gets the answer") {
  const auto first = named("web.example", "a");
  answer = [](const DnsQuestion& question) {
    return question.type == type_a
               ? DnsReply{.records = {{question.name, type_a, 600, "192.0.2.1"}}}
               : DnsReply{};
  };
  resolver->track(first);
  resolver->track(first);
  CHECK(comes_true([&] { return first->addresses().size() == 1; }));
  const auto second = named("web.example", "b");
  resolver->track(second);
  CHECK(addresses(*second) == Texts{"192.0.2.1"});
  CHECK(dns.queries() == 2);
}

TEST_CASE_METHOD(Fixture, "a name that no server has any more is not asked for again") {
  auto server = named("web.example");
  const auto other = named("other.example");
  resolver->track(server);
  resolver->track(other);
  CHECK(comes_true([&] { return server->addresses().size() == 1; }));
  server.reset();
  int asked = 0;
  int rounds = 0;
  answer = [&](const DnsQuestion& question) {
    ++(question.name == "web.example" ? asked : rounds);
    return question.type == type_a ? DnsReply{.records = {{question.name, type_a, 0, "192.0.2.1"}}}
                                   : DnsReply{};
  };
  CHECK(comes_true([&] { return rounds >= 6; }));
  CHECK(asked <= 2);  // of a lookup that was under way
}

TEST_CASE_METHOD(Fixture, "other DNS servers take over a lookup that the old ones left hanging") {
  answer = [](const DnsQuestion&) {
    return DnsReply{.manner = DnsReply::Manner::silence, .records = {}};
  };
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return dns.queries() >= 2; }));
  FakeDnsServer better(loop, [](const DnsQuestion& question) {
    return question.type == type_a ? DnsReply{.records = {{question.name, type_a, 60, "192.0.2.5"}}}
                                   : DnsReply{};
  });
  auto changed = settings();
  changed.servers = {better.endpoint()};
  REQUIRE(resolver->reconfigure(changed));
  CHECK(comes_true([&] { return addresses(*server) == Texts{"192.0.2.5"}; }));
}

TEST_CASE_METHOD(Fixture, "records of a name that was not asked for are not taken") {
  int round = 0;
  answer = [&](const DnsQuestion& question) {
    ++round;
    if (round <= 2) {
      return DnsReply{.records = {{"evil.example", type_a, 60, "192.0.2.66"}}};
    }
    return question.type == type_a ? DnsReply{.records = {{question.name, type_a, 60, "192.0.2.1"}}}
                                   : DnsReply{};
  };
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return server->addresses().size() > 0; }));
  CHECK(addresses(*server) == Texts{"192.0.2.1"});
}

TEST_CASE_METHOD(Fixture, "the resolver can go while a lookup is under way") {
  answer = [](const DnsQuestion&) {
    return DnsReply{.manner = DnsReply::Manner::silence, .records = {}};
  };
  const auto server = named("web.example");
  resolver->track(server);
  CHECK(comes_true([&] { return dns.queries() >= 1; }));
  resolver.reset();
  CHECK(addresses(*server).empty());
}

}  // namespace
}  // namespace weir
