// QUIC clients as they were recorded (datagrams/README.md), in every order.
#include <string>

#include "catch.h"
#include "quic_play.h"
#include "recorded_clients.h"

namespace weir {
namespace {

constexpr std::size_t reordered = 5;

}  // namespace

TEST_CASE("what recorded clients ask for is recognised, in whichever order their datagrams come") {
  const auto clients = recorded_clients();
  CHECK(clients.size() >= 10);
  for (const RecordedClient& client : clients) {
    INFO(client.file);
    CHECK(may_begin_quic(exact_bytes(client.datagrams.front())));
    std::size_t orders = 0;
    in_every_order(client.datagrams, reordered, [&](const std::vector<std::string>& datagrams) {
      const PlayedQuic end = play_quic(datagrams);
      REQUIRE(end.state == Sniffed::State::name);
      REQUIRE(end.name == client.host);
      ++orders;
    });
    CHECK(orders >= 1);
  }
}

TEST_CASE("a recorded client is recognised with its first datagrams, when they hold its hello") {
  // Chromium's hello, post-quantum, takes two.
  CHECK(play_quic(recorded_client("chromium-1").datagrams).looked_at == 2);
  CHECK(play_quic(recorded_client("chromium-3").datagrams).looked_at == 2);
  CHECK(play_quic(recorded_client("ngtcp2-1").datagrams).looked_at == 1);
  CHECK(play_quic(recorded_client("rfc9369-a2").datagrams).looked_at == 1);
}

TEST_CASE("what a recorded client sends after a Retry alone is recognised") {
  for (const auto* const file : {"chromium-retry", "chromium-retry-empty", "ngtcp2-retry"}) {
    RecordedClient client = recorded_client(file);
    // What it sent before has another destination.
    const auto destination = [](const std::string& datagram) {
      return datagram.substr(5, 1 + static_cast<unsigned char>(datagram[5]));
    };
    const std::string before = destination(client.datagrams.front());
    std::erase_if(client.datagrams,
                  [&](const std::string& datagram) { return destination(datagram) == before; });
    INFO(file);
    CHECK(client.datagrams.size() >= 3);
    CHECK(play_quic(client.datagrams).name == client.host);
  }
}

TEST_CASE("a recorded client's first datagram, cut anywhere or with a byte changed, has no name") {
  for (const RecordedClient& client : recorded_clients()) {
    INFO(client.file);
    const std::string& whole = client.datagrams.front();
    for (std::size_t size = 0; size < whole.size(); ++size) {
      QuicSniffer sniffer;
      REQUIRE(sniffer.take(exact_bytes(whole.substr(0, size))).state == Sniffed::State::no_name);
    }
    // Every byte of an Initial is authenticated.
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string other = whole;
      other[at] = static_cast<char>(other[at] ^ 0x10);
      QuicSniffer sniffer;
      REQUIRE(sniffer.take(exact_bytes(other)).state == Sniffed::State::no_name);
    }
  }
}

}  // namespace weir
