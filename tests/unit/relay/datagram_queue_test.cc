#include "relay/datagram_queue.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "base/transparent.h"
#include "catch.h"
#include "ledger.h"
#include "udp_end.h"

namespace weir {
namespace {

// Adds every payload, flushes, and gives what arrived.
std::vector<std::string> pass(const UdpEnd& from, const UdpEnd& to,
                              const std::vector<std::string>& payloads, Ledger& ledger) {
  BookedQueue queue;
  for (const auto& payload : payloads) {
    queue.add(from.fd(), to.local, bytes(payload), 0, ledger);
  }
  queue.flush();
  CHECK(queue.empty());
  return to.hear_all();
}

}  // namespace

TEST_CASE("datagrams arrive whole and in order, whatever their sizes") {
  const std::vector<std::vector<std::string>> rows{
      {"one"},
      {"", "", ""},
      {"", "a", "", "bb", ""},
      {std::string(100, 'a'), std::string(100, 'b'), std::string(100, 'c')},  // one segmented send
      {std::string(100, 'a'), std::string(100, 'b'), std::string(99, 'c')},   // the last is shorter
      {std::string(100, 'a'), std::string(99, 'b'), std::string(100, 'c')},
      {std::string(99, 'a'), std::string(100, 'b')},
      {std::string(1200, 'a'), std::string(1200, 'b'), "", std::string(1200, 'c')},
      {std::string(1452, 'a'), std::string(1452, 'b')},
      {std::string(1453, 'a'), std::string(1453, 'b')},  // not segmented
      {std::string(65'507, 'x')},
      {std::string(9'000, 'x'), std::string(9'000, 'y')},
  };
  for (const Family family : {Family::v4, Family::v6}) {
    const UdpEnd from(family);
    const UdpEnd to(family);
    for (const auto& row : rows) {
      Ledger ledger;
      INFO(row.size() << " from " << row.front().size() << " bytes");
      CHECK(pass(from, to, row, ledger) == row);
      std::size_t total = 0;
      for (const auto& payload : row) {
        total += payload.size();
      }
      CHECK(ledger.sent == row.size());
      CHECK(ledger.bytes == total);
      CHECK(ledger.lost == 0);
    }
  }
}

TEST_CASE("the largest datagram of IPv6 passes as well") {
  const UdpEnd from(Family::v6);
  const UdpEnd to(Family::v6);
  Ledger ledger;
  const std::vector<std::string> largest{std::string(65'527, 'x')};
  CHECK(pass(from, to, largest, ledger) == largest);
}

TEST_CASE("more datagrams than one system call takes all arrive, in order") {
  const UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  std::vector<std::string> payloads;
  for (int i = 0; i < 200; ++i) {
    payloads.push_back(std::string(static_cast<std::size_t>(i % 7), '.') + std::to_string(i));
  }
  Ledger ledger;
  CHECK(pass(from, to, payloads, ledger) == payloads);
  CHECK(ledger.sent == 200);
}

TEST_CASE("a long run of equal datagrams is cut into as many segments as the kernel takes") {
  const UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  std::vector<std::string> payloads;
  for (int i = 0; i < 150; ++i) {
    payloads.push_back("datagram " + std::to_string(1000 + i));
  }
  Ledger ledger;
  CHECK(pass(from, to, payloads, ledger) == payloads);
  CHECK(ledger.sent == 150);
  CHECK(ledger.reports == 3);  // of 64, 64 and 22
}

TEST_CASE("a queue says how many datagrams left in another's message") {
  const UdpEnd from(Family::v4);
  const UdpEnd one(Family::v4);
  const UdpEnd other(Family::v4);
  BookedQueue queue;
  Ledger ledger;
  const std::vector<std::string> kept{"equal", "equal", "equal", "last", "alone"};
  for (std::size_t i = 0; i < kept.size(); ++i) {
    queue.add(from.fd(), i < 4 ? one.local : other.local, bytes(kept[i]), 0, ledger);
  }
  queue.flush();
  CHECK(queue.take_merged() == 3);
  CHECK(queue.take_merged() == 0);
  queue.add(from.fd(), one.local, bytes(kept[0]), 0, ledger);
  queue.flush();
  CHECK(queue.take_merged() == 0);
}

TEST_CASE("one segmented send stays within one packet's size") {
  const UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  const std::vector<std::string> payloads(60, std::string(1400, 'q'));
  Ledger ledger;
  CHECK(pass(from, to, payloads, ledger) == payloads);
  CHECK(ledger.lost == 0);
}

TEST_CASE("what came as one buffer of segments leaves as datagrams of that size") {
  const UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  struct Row {
    std::size_t size;
    std::uint16_t segment;
    std::vector<std::size_t> arrive;
  };
  const std::vector<Row> rows{
      {3000, 1000, {1000, 1000, 1000}},
      {2500, 1000, {1000, 1000, 500}},
      {1000, 1000, {1000}},  // one datagram after all
      {500, 1000, {500}},
      {0, 1000, {0}},
      {40'000, 20'000, {20'000, 20'000}},  // segments that the kernel refuses are sent one by one
      {50'000, 20'000, {20'000, 20'000, 10'000}},
  };
  for (const Row& row : rows) {
    INFO(row.size << " in " << row.segment);
    BookedQueue queue;
    Ledger ledger;
    const std::string payload(row.size, 's');
    queue.add(from.fd(), to.local, bytes(payload), row.segment, ledger);
    queue.flush();
    std::vector<std::size_t> sizes;
    for (const auto& heard : to.hear_all()) {
      sizes.push_back(heard.size());
    }
    CHECK(sizes == row.arrive);
    CHECK(ledger.sent == row.arrive.size());
    CHECK(ledger.bytes == row.size);
    CHECK(ledger.lost == 0);
  }
}

TEST_CASE("a socket that cannot segment sends one by one") {
  UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  REQUIRE(
      set_option(from.fd(), SOL_SOCKET, SO_NO_CHECK, 1));  // the kernel refuses UDP_SEGMENT then
  Ledger ledger;
  const std::vector<std::string> payloads{"aaaa", "bbbb", "cc"};
  CHECK(pass(from, to, payloads, ledger) == payloads);
  CHECK(ledger.sent == 3);
  CHECK(ledger.bytes == 10);
  CHECK(ledger.lost == 0);
}

TEST_CASE("datagrams of many sockets to many peers keep their order per peer") {
  const UdpEnd a(Family::v4);
  const UdpEnd b(Family::v4);
  const UdpEnd x(Family::v4);
  const UdpEnd y(Family::v4);
  BookedQueue queue;
  Ledger ledger_a;
  Ledger ledger_b;
  std::vector<std::string> kept;
  for (int i = 0; i < 40; ++i) {
    kept.push_back(std::to_string(100 + i));
  }
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const bool from_a = i % 2 == 0;
    queue.add(from_a ? a.fd() : b.fd(), i % 3 == 0 ? x.local : y.local, bytes(kept[i]), 0,
              from_a ? ledger_a : ledger_b);
  }
  queue.flush();
  for (const UdpEnd* peer : {&x, &y}) {
    std::vector<std::string> of_a;
    std::vector<std::string> of_b;
    for (const auto& [payload, sender] : peer->hear_all_with_senders()) {
      (sender == a.local ? of_a : of_b).push_back(payload);
      CHECK((sender == a.local || sender == b.local));
    }
    std::vector<std::string> expected_a;
    std::vector<std::string> expected_b;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if ((i % 3 == 0) == (peer == &x)) {
        (i % 2 == 0 ? expected_a : expected_b).push_back(kept[i]);
      }
    }
    CHECK(of_a == expected_a);
    CHECK(of_b == expected_b);
  }
  CHECK(ledger_a.sent == 20);
  CHECK(ledger_b.sent == 20);
}

TEST_CASE("datagrams of two senders over one socket are reported to each") {
  const UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  BookedQueue queue;
  Ledger first;
  Ledger second;
  const std::string payload = "same size";
  for (Ledger* ledger : {&first, &first, &second, &second, &first}) {
    queue.add(from.fd(), to.local, bytes(payload), 0, *ledger);
  }
  queue.flush();
  CHECK(first.sent == 3);
  CHECK(second.sent == 2);
  CHECK(to.hear_all().size() == 5);
}

TEST_CASE(
    "a sender that goes before the queue is flushed hears nothing; what it left behind leaves") {
  const UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  BookedQueue queue;
  Ledger stays;
  auto goes = std::make_unique<Ledger>();
  const std::string first = "one";
  const std::string second = "two";
  queue.add(from.fd(), to.local, bytes(first), 0, *goes);
  queue.add(from.fd(), to.local, bytes(second), 0, stays);
  queue.add(-1, to.local, bytes(first), 0, *goes);  // cannot be sent
  queue.forget(*goes);
  goes.reset();
  queue.flush();
  CHECK(stays.sent == 1);
  CHECK(to.hear_all() == std::vector{first, second});
}

TEST_CASE("an empty queue does nothing, and a queue is used again and again") {
  const UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  BookedQueue queue;
  queue.flush();
  Ledger ledger;
  for (int i = 0; i < 3; ++i) {
    const std::string payload = "round " + std::to_string(i);
    queue.add(from.fd(), to.local, bytes(payload), 0, ledger);
    queue.flush();
    CHECK(to.hear_all() == std::vector{payload});
  }
  CHECK(ledger.sent == 3);
}

}  // namespace weir
