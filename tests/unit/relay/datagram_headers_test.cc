// Datagrams with a header before their payload: sent without copying either, still as few messages
// where sizes allow it, and reported as payload.
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/transparent.h"
#include "catch.h"
#include "ledger.h"
#include "relay/datagram_queue.h"
#include "udp_end.h"

namespace weir {
namespace {

struct Piece {
  std::string header;
  std::string payload;
};

struct Sent {
  std::vector<std::string> arrived;
  Ledger ledger;
};

Sent pass(const std::vector<Piece>& pieces, Family family = Family::v4) {
  const UdpEnd from(family);
  const UdpEnd to(family);
  Sent out;
  BookedQueue queue;
  for (const Piece& piece : pieces) {
    queue.add(from.fd(), to.local, bytes(piece.header), bytes(piece.payload), 0, out.ledger);
  }
  queue.flush();
  out.arrived = to.hear_all();
  return out;
}

}  // namespace

TEST_CASE("each datagram arrives behind its header, and payload is what counts") {
  const std::string header(22, 'h');
  const std::vector<std::vector<Piece>> rows{
      {{header, "one"}},
      {{header, ""}},
      {{header, "a"}, {header, "bb"}, {header, ""}, {header, "ccc"}},
      {{header, std::string(1000, 'a')}, {header, std::string(1000, 'b')}, {header, "end"}},
      {{header, "first"}, {"", "second"}, {"", "third"}},  // a header on the first alone
      {{"", "aaaa"}, {"hh", "bb"}, {"h", "ccc"}},          // one size, made up differently
      {{header, std::string(1430, 'x')}, {header, std::string(1431, 'y')}},
      {{header, std::string(9'000, 'x')}, {header, std::string(9'000, 'y')}},
      {{header, std::string(65'507 - 22, 'x')}},
  };
  for (const Family family : {Family::v4, Family::v6}) {
    for (const auto& row : rows) {
      INFO(row.size() << " from " << row.front().payload.size() << " bytes");
      const Sent sent = pass(row, family);
      std::vector<std::string> expected;
      std::size_t payload = 0;
      for (const Piece& piece : row) {
        expected.push_back(piece.header + piece.payload);
        payload += piece.payload.size();
      }
      CHECK(sent.arrived == expected);
      CHECK(sent.ledger.sent == row.size());
      CHECK(sent.ledger.bytes == payload);
      CHECK(sent.ledger.lost == 0);
    }
  }
}

TEST_CASE("a run of equal datagrams with headers is still one message") {
  const std::vector<Piece> run(20, {"header", "payload"});
  const Sent sent = pass(run);
  CHECK(sent.arrived == std::vector<std::string>(20, "headerpayload"));
  CHECK(sent.ledger.reports == 1);
  // 150 of them are three: no message carries more than 64 datagrams, however many pieces those
  // have.
  const Sent more = pass(std::vector<Piece>(150, {"header", "payload"}));
  CHECK(more.arrived.size() == 150);
  CHECK(more.ledger.reports == 3);
}

TEST_CASE("what came as segments gets a header before each") {
  const UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  struct Row {
    std::size_t size;
    std::uint16_t segment;
    std::vector<std::size_t> arrive;
  };
  for (const Row& row : {Row{3000, 1000, {1022, 1022, 1022}}, Row{2500, 1000, {1022, 1022, 522}},
                         Row{1000, 1000, {1022}}, Row{0, 1000, {22}}}) {
    const std::string header(22, 'h');
    const std::string payload(row.size, 'p');
    BookedQueue queue;
    Ledger ledger;
    queue.add(from.fd(), to.local, bytes(header), bytes(payload), row.segment, ledger);
    queue.flush();
    std::vector<std::size_t> sizes;
    for (const std::string& heard : to.hear_all()) {
      CHECK(heard.starts_with(header));
      sizes.push_back(heard.size());
    }
    CHECK(sizes == row.arrive);
    CHECK(ledger.sent == row.arrive.size());
    CHECK(ledger.bytes == row.size);
  }
}

TEST_CASE("a socket that cannot segment sends headers and payloads one by one") {
  const UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  REQUIRE(
      set_option(from.fd(), SOL_SOCKET, SO_NO_CHECK, 1));  // the kernel refuses UDP_SEGMENT then
  const std::string header = "header ";
  const std::vector<std::string> payloads{"aaaa", "bbbb", "cc"};
  BookedQueue queue;
  Ledger ledger;
  for (const std::string& payload : payloads) {
    queue.add(from.fd(), to.local, bytes(header), bytes(payload), 0, ledger);
  }
  queue.flush();
  CHECK(to.hear_all() == std::vector<std::string>{"header aaaa", "header bbbb", "header cc"});
  CHECK(ledger.sent == 3);
  CHECK(ledger.bytes == 10);
}

TEST_CASE("a datagram that its header makes larger than IP allows is lost and told, alone") {
  const Sent sent =
      pass({{"header", "before"}, {"header", std::string(65'507, 'x')}, {"header", "behind"}});
  CHECK(sent.arrived == std::vector<std::string>{"headerbefore", "headerbehind"});
  CHECK(sent.ledger.sent == 2);
  CHECK(sent.ledger.lost == 1);
  // Of the message, which lost nothing yet, and of the datagram when it was tried alone.
  CHECK(sent.ledger.errors == std::vector<int>{EMSGSIZE, EMSGSIZE});
}

}  // namespace weir
