// SRV replies as bytes, right and wrong.
#include "dns/srv_reply.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <string>
#include <vector>

#include "catch.h"

namespace weir {
namespace {

using Bytes = std::vector<std::uint8_t>;

void put(Bytes& out, std::uint32_t number, int size) {
  for (int i = size - 1; i >= 0; --i) {
    out.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
  }
}

void put_name(Bytes& out, const std::string& name) {
  std::size_t begin = 0;
  while (begin < name.size()) {
    const auto end = std::min(name.find('.', begin), name.size());
    out.push_back(static_cast<std::uint8_t>(end - begin));
    out.insert(out.end(), name.begin() + static_cast<std::ptrdiff_t>(begin),
               name.begin() + static_cast<std::ptrdiff_t>(end));
    begin = end + 1;
  }
  out.push_back(0);
}

// A reply to a question for `_web._tcp.lab.test`, whose name stands at byte 12.
struct Reply {
  Reply() {
    for (const std::uint32_t word : {0x1234U, 0x8180U, 1U, 0U, 0U, 0U}) {
      put(bytes, word, 2);
    }
    put_name(bytes, "_web._tcp.lab.test");
    put(bytes, 33, 2);
    put(bytes, 1, 2);
  }
  void answer(std::uint32_t type, std::uint32_t ttl, const Bytes& data) {
    put(bytes, 0xc00c, 2);
    put(bytes, type, 2);
    put(bytes, 1, 2);
    put(bytes, ttl, 4);
    put(bytes, static_cast<std::uint32_t>(data.size()), 2);
    bytes.insert(bytes.end(), data.begin(), data.end());
    if (++bytes[7] == 0) {
      ++bytes[6];
    }
  }
  void srv(std::uint32_t priority, std::uint32_t weight, std::uint32_t port,
           const std::string& target, std::uint32_t ttl = 60) {
    Bytes data;
    put(data, priority, 2);
    put(data, weight, 2);
    put(data, port, 2);
    put_name(data, target);
    answer(33, ttl, data);
  }
  Bytes bytes;
};

}  // namespace

TEST_CASE("of more priorities than are taken the first ones are, and the rest is counted") {
  Reply reply;
  for (std::uint32_t i = 0; i < 300; ++i) {
    reply.srv(300 - i, 1, 80, "a" + std::to_string(i) + ".lab.test");
  }
  const auto answer = parse_srv_reply(reply.bytes);
  REQUIRE(answer.targets.size() == max_priorities);
  CHECK(answer.left_out == 300 - max_priorities);
  CHECK(std::all_of(answer.targets.begin(), answer.targets.end(),
                    [](const auto& target) { return target.priority <= max_priorities; }));
}

TEST_CASE("of more servers than are taken those of the first priorities are") {
  Reply reply;
  for (std::uint32_t i = 0; i < 300; ++i) {
    reply.srv(i < 200 ? 2 : 1, 1, 80, "a" + std::to_string(i) + ".lab.test");
  }
  const auto answer = parse_srv_reply(reply.bytes);
  REQUIRE(answer.targets.size() == max_targets);
  CHECK(answer.left_out == 300 - max_targets);
  CHECK(std::count_if(answer.targets.begin(), answer.targets.end(),
                      [](const auto& target) { return target.priority == 1; }) == 100);
  CHECK(std::is_sorted(answer.targets.begin(), answer.targets.end()));
}

TEST_CASE("the records of a reply are read, sorted, each once, with the shortest TTL") {
  Reply reply;
  reply.srv(20, 0, 8080, "b.lab.test", 90);
  reply.srv(10, 65'535, 80, "a.lab.test", 30);
  reply.srv(20, 0, 8080, "b.lab.test", 90);
  const auto answer = parse_srv_reply(reply.bytes);
  CHECK(answer.error.empty());
  CHECK(answer.targets ==
        std::vector<Service::Target>{{"a.lab.test", 80, 10, 65'535}, {"b.lab.test", 8080, 20, 0}});
  CHECK(answer.ttl == std::chrono::seconds(30));
}

TEST_CASE("a target may be compressed, and other records are passed over") {
  Reply reply;
  reply.answer(5, 7, {1, 'x', 0});
  reply.answer(46, 1, {1, 2, 3});
  // "a" and a pointer to "lab.test", which stands ten bytes into the question's name.
  reply.answer(33, 60, {0, 1, 0, 2, 0, 80, 1, 'a', 0xc0, 12 + 10});
  const auto answer = parse_srv_reply(reply.bytes);
  CHECK(answer.targets == std::vector<Service::Target>{{"a.lab.test", 80, 1, 2}});
  CHECK(answer.ttl == std::chrono::seconds(7));  // the alias runs out first
}

TEST_CASE("a reply that names no server says so") {
  CHECK(parse_srv_reply(Reply().bytes).error == "it names no server");
  Reply reply;
  reply.srv(0, 0, 0, "");               // RFC 2782: decidedly not available
  reply.srv(0, 0, 0, "a.lab.test");     // a port that no server can have
  reply.srv(0, 0, 80, "a b.lab.test");  // no host name
  CHECK(parse_srv_reply(reply.bytes).error == "it names no server");
}

TEST_CASE("names that never end are refused") {
  const std::string nonsense = "the DNS server's answer is not valid";
  Reply itself;
  const auto at = static_cast<std::uint8_t>(itself.bytes.size() + 12 + 6);
  itself.answer(33, 60, {0, 1, 0, 2, 0, 80, 0xc0, at});
  CHECK(parse_srv_reply(itself.bytes).error == nonsense);
  Reply reserved;
  reserved.answer(33, 60, {0, 1, 0, 2, 0, 80, 0x80, 1});
  CHECK(parse_srv_reply(reserved.bytes).error == nonsense);
  Reply outside;
  outside.answer(33, 60, {0, 1, 0, 2, 0, 80, 0xff, 0xff});
  CHECK(parse_srv_reply(outside.bytes).error == nonsense);
}

TEST_CASE("a reply that is cut anywhere is refused or has fewer servers, and never read beyond") {
  Reply reply;
  reply.srv(10, 1, 80, "a.lab.test");
  reply.srv(10, 1, 80, "b.lab.test");
  for (std::size_t size = 0; size < reply.bytes.size(); ++size) {
    const Bytes cut(reply.bytes.begin(), reply.bytes.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(parse_srv_reply(cut).error.empty());
  }
}

TEST_CASE("a reply with any bytes changed is read to an end") {
  std::mt19937 random(11);
  Reply reply;
  reply.srv(10, 1, 80, "a.lab.test");
  reply.srv(10, 1, 80, "b.lab.test");
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes = reply.bytes;
    for (auto n = 1 + random() % 6; n != 0; --n) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    const auto answer = parse_srv_reply(bytes);
    REQUIRE(answer.targets.empty() == !answer.error.empty());
  }
}

}  // namespace weir
