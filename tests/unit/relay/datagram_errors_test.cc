// Datagrams that cannot be sent, and ICMP errors that earlier ones earned.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "ledger.h"
#include "udp_end.h"

namespace weir {

TEST_CASE("a refusal that an earlier datagram earned is told, and nothing is lost for it") {
  // Every datagram to a port that no socket has earns another refusal at once, on loopback.
  std::optional<UdpEnd> gone(std::in_place, Family::v4);
  const UdpEnd from(Family::v4);
  from.connect(gone->local);
  gone.reset();
  const std::vector<std::vector<std::string>> rows{
      {"one"},
      {"four", "five", "nine"},  // one segmented send
      {"a", "bb", "ccc", "dddd"},
      {"aaaa", "bbbb", "c", "dddd", "eeee"},
  };
  for (const auto& row : rows) {
    INFO(row.size());
    while (send(from.fd(), "x", 1, 0) != 1) {
      REQUIRE(errno == ECONNREFUSED);  // what the last round left
    }
    BookedQueue queue;
    Ledger ledger;
    for (const auto& payload : row) {
      queue.add(from.fd(), std::nullopt, bytes(payload), 0, ledger);
    }
    queue.flush();
    CHECK(ledger.sent == row.size());
    CHECK(ledger.lost == 0);
    REQUIRE_FALSE(ledger.errors.empty());
    for (const int code : ledger.errors) {
      CHECK(code == ECONNREFUSED);
    }
  }
}

TEST_CASE("a refusal that came before one send is told once") {
  const UdpEnd from(Family::v4);
  std::optional<UdpEnd> peer(std::in_place, Family::v4);
  const Endpoint at = peer->local;
  from.connect(at);
  peer.reset();
  REQUIRE(send(from.fd(), "x", 1, 0) == 1);
  peer.emplace(Family::v4, at.port);  // a socket is there again
  BookedQueue queue;
  Ledger ledger;
  const std::vector<std::string> row{"aaaa", "bbbb", "cc", "dddd"};
  for (const auto& payload : row) {
    queue.add(from.fd(), std::nullopt, bytes(payload), 0, ledger);
  }
  queue.flush();
  CHECK(ledger.errors == std::vector{ECONNREFUSED});
  CHECK(ledger.sent == 4);
  CHECK(peer->hear_all() == row);
}

TEST_CASE("a datagram that cannot be sent is counted with its reason and holds up no other") {
  const UdpEnd from(Family::v4);
  const UdpEnd to(Family::v4);
  BookedQueue queue;
  Ledger good;
  Ledger bad;
  const std::string small = "small";
  const std::string huge(65'508, 'x');
  queue.add(from.fd(), to.local, bytes(small), 0, good);
  queue.add(from.fd(), to.local, bytes(huge), 0, bad);
  queue.add(from.fd(), to.local, bytes(small), 0, good);
  queue.flush();
  CHECK(good.sent == 2);
  CHECK(good.lost == 0);
  CHECK(bad.sent == 0);
  CHECK(bad.lost == 1);
  // Of the message, which lost nothing yet, and of the datagram when it was tried alone.
  CHECK(bad.errors == std::vector{EMSGSIZE, EMSGSIZE});
  CHECK(to.hear_all() == std::vector<std::string>{small, small});
}

TEST_CASE("datagrams over a socket that is closed are lost by name, in their number") {
  BookedQueue queue;
  Ledger ledger;
  const std::string payload(3'000, 'x');
  int closed = -1;
  {
    const UdpEnd from(Family::v4);
    closed = fcntl(from.fd(), F_DUPFD_CLOEXEC, 900);
    ::close(closed);
  }
  const UdpEnd to(Family::v4);
  queue.add(closed, to.local, bytes(payload), 1'000, ledger);
  queue.add(closed, to.local, bytes("x"), 0, ledger);
  queue.flush();
  CHECK(ledger.sent == 0);
  CHECK(ledger.lost == 4);
  CHECK(ledger.errors == std::vector{EBADF, EBADF});
}

}  // namespace weir
