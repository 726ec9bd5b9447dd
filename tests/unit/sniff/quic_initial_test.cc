// QUIC Initials in all the ways in which a client may send a hello, each recognised.
#include "sniff/quic_initial.h"

#include <numeric>
#include <string>
#include <vector>

#include "catch.h"
#include "quic_play.h"

namespace weir {
namespace {

constexpr auto quic_versions = {QuicVersion::v1, QuicVersion::v2};

PlayedQuic named_with(std::size_t looked_at, const std::string& name = "www.example.org") {
  return {.state = Sniffed::State::name, .name = name, .looked_at = looked_at};
}

std::string id_of(std::size_t size) {
  std::string out(size, '\0');
  std::iota(out.begin(), out.end(), '\x90');
  return out;
}

}  // namespace

TEST_CASE("a hello in one Initial is recognised") {
  for (const QuicVersion version : quic_versions) {
    const BuiltInitial initial{.version = version,
                               .frames = crypto_frame(0, quic_hello("WWW.example.org"))};
    const std::string datagram = sealed_to(1200, initial);
    CHECK(may_begin_quic(exact_bytes(datagram)));
    CHECK(play_quic({datagram}) == named_with(1));
  }
}

TEST_CASE("a hello over up to five packets is recognised in every order, with the last of them") {
  const std::string hello = quic_hello("www.example.org", 4'000);
  for (const QuicVersion version : quic_versions) {
    for (std::size_t count = 1; count <= 5; ++count) {
      const auto datagrams = in_datagrams({.version = version}, crypto_frames(hello, count));
      in_every_order(datagrams, count, [&](const std::vector<std::string>& ordered) {
        REQUIRE(play_quic(ordered) == named_with(count));
      });
    }
  }
}

TEST_CASE("packets coalesced in a datagram are read one after the other, in every order") {
  const std::string hello = quic_hello("www.example.org", 700);
  for (const QuicVersion version : quic_versions) {
    std::vector<std::string> packets;
    BuiltInitial initial{.version = version};
    for (const std::string& frame : crypto_frames(hello, 4)) {
      initial.frames = frame;
      packets.push_back(sealed_to(400, initial));
      ++initial.number;
    }
    in_every_order(packets, 4, [](const std::vector<std::string>& ordered) {
      REQUIRE(play_quic({ordered[0] + ordered[1] + ordered[2] + ordered[3]}) == named_with(1));
    });
  }
}

TEST_CASE("0-RTT and Handshake packets are passed over, and so is what has a short header") {
  const std::string hello = quic_hello("www.example.org", 300);
  for (const QuicVersion version : quic_versions) {
    const bool is_v2 = version == QuicVersion::v2;
    const auto frames = crypto_frames(hello, 2);
    const BuiltInitial first{.version = version, .frames = frames[0]};
    const BuiltInitial second{.version = version, .number = 1, .frames = frames[1]};
    for (const unsigned type : {is_v2 ? 2U : 1U, is_v2 ? 3U : 2U}) {
      const std::string other = other_packet(first, type, 500);
      const std::string padding(700, '\0');
      CHECK(play_quic({sealed(first) + other + sealed(second) + padding}) == named_with(1));
      // In datagrams of their own, too.
      CHECK(play_quic({sealed_to(1200, first), other + padding, '\x41' + padding, "",
                       sealed(second)}) == named_with(5));
    }
  }
}

TEST_CASE("connection ids of every length are read") {
  const std::string hello = quic_hello("www.example.org", 1'500);
  for (const QuicVersion version : quic_versions) {
    for (std::size_t size = 0; size <= 20; ++size) {
      const BuiltInitial initial{
          .version = version, .destination = id_of(size), .source = id_of(20 - size)};
      CHECK(play_quic(in_datagrams(initial, crypto_frames(hello, 2))) == named_with(2));
    }
  }
}

TEST_CASE("tokens of every length of their length are read") {
  for (const std::size_t size : {0U, 1U, 63U, 64U, 800U}) {
    const BuiltInitial initial{.token = std::string(size, 't'),
                               .frames = crypto_frame(0, quic_hello("www.example.org"))};
    CHECK(play_quic({sealed_to(1200, initial)}) == named_with(1));
  }
}

TEST_CASE("packet numbers of one to four bytes are read") {
  for (std::size_t size = 1; size <= 4; ++size) {
    for (const std::uint64_t number : {std::uint64_t{0}, std::uint64_t{1} << (8 * size - 1),
                                       (std::uint64_t{1} << (8 * size)) - 1}) {
      const BuiltInitial initial{.number = number,
                                 .number_size = size,
                                 .frames = crypto_frame(0, quic_hello("www.example.org"))};
      CHECK(play_quic({sealed_to(1200, initial)}) == named_with(1));
    }
  }
}

TEST_CASE("PADDING, PING and ACK frames stand between, before and behind") {
  const std::string hello = quic_hello("www.example.org", 100);
  const auto crypto = crypto_frames(hello, 3);
  const std::vector<std::string> others{padding_frames(1),  padding_frames(90), ping_frame(),
                                        ack_frame(0),       ack_frame(4),       ack_ecn_frame(0),
                                        ack_ecn_frame(200), crypto_frame(7, "")};
  for (const std::string& other : others) {
    const BuiltInitial initial{.frames = other + crypto[2] + other + crypto[0] + other + crypto[1] +
                                         other};
    CHECK(play_quic({sealed_to(1200, initial)}) == named_with(1));
  }
}

TEST_CASE("the fixed bit may be 0, as clients that grease it send it") {
  const std::string datagram = sealed_to(
      1200, {.frames = crypto_frame(0, quic_hello("www.example.org")), .fixed_bit = false});
  CHECK(may_begin_quic(exact_bytes(datagram)));
  CHECK(play_quic({datagram}) == named_with(1));
}

TEST_CASE("duplicated and overlapping pieces that say the same are one") {
  const std::string hello = quic_hello("www.example.org", 2'000);
  const auto datagrams = in_datagrams({}, crypto_frames(hello, 3));
  CHECK(play_quic({datagrams[0], datagrams[0], datagrams[2], datagrams[2], datagrams[1]}) ==
        named_with(5));

  std::vector<std::string> frames;
  for (std::size_t at = 0; at < hello.size(); at += 500) {
    frames.push_back(crypto_frame(at, hello.substr(at, 900)));
  }
  in_every_order(in_datagrams({}, frames), 5, [](const std::vector<std::string>& ordered) {
    REQUIRE(play_quic(ordered).name == "www.example.org");
  });
}

TEST_CASE("a hello in pieces of one byte, backwards, is recognised") {
  const std::string hello = quic_hello("www.example.org");
  std::string frames;
  for (std::size_t at = hello.size(); at > 0; --at) {
    frames += crypto_frame(at - 1, hello.substr(at - 1, 1));
  }
  CHECK(play_quic({sealed_to(1200, {.frames = frames})}) == named_with(1));
}

TEST_CASE("after a Retry the keys follow from the new id, and the stream begins again") {
  const std::string hello = quic_hello("www.example.org", 1'000);
  for (const QuicVersion version : quic_versions) {
    for (const std::size_t size : {0U, 1U, 8U, 20U}) {
      const auto before = in_datagrams({.version = version}, crypto_frames(hello, 2));
      const auto after = in_datagrams(
          {.version = version, .destination = id_of(size), .token = "a token", .number = 2},
          crypto_frames(hello, 2));
      CHECK(play_quic({before[0], after[0], after[1]}) == named_with(3));
      // What was delayed says the same, under the keys of before.
      CHECK(play_quic({before[0], after[1]}) == named_with(2));
      CHECK(play_quic({after[1], before[1], before[0]}) == named_with(3));
      in_every_order({before[0], before[1], after[0], after[1]}, 4,
                     [](const std::vector<std::string>& ordered) {
                       REQUIRE(play_quic(ordered).name == "www.example.org");
                     });
    }
  }
}

TEST_CASE("after a Retry any number of packets may follow under the keys of the new id") {
  const std::string hello = quic_hello("www.example.org", 1'000);
  const auto frames = crypto_frames(hello, 2);
  std::string row;
  BuiltInitial after{.destination = "new", .token = "a token", .number = 1, .frames = ping_frame()};
  for (; after.number <= 2 * QuicSniffer::most_strangers; ++after.number) {
    row += sealed(after);
  }
  after.frames = frames[1];
  CHECK(play_quic({sealed_to(1200, {.frames = frames[0]}), row, sealed(after)}) == named_with(3));
}

TEST_CASE("once the server has chosen an id, the keys stay those of the first one") {
  const std::string hello = quic_hello("www.example.org", 1'000);
  const auto frames = crypto_frames(hello, 2);
  const BuiltInitial first{.frames = frames[0]};
  const BuiltInitial second{
      .destination = "chosen", .keys_of = first.destination, .number = 1, .frames = frames[1]};
  CHECK(play_quic({sealed_to(1200, first), sealed_to(1200, second)}) == named_with(2));
}

TEST_CASE("an Initial that cannot be opened is passed over where another was opened before") {
  const std::string hello = quic_hello("www.example.org", 1'000);
  auto datagrams = in_datagrams({}, crypto_frames(hello, 2));
  std::string broken = datagrams[1];
  broken.back() = static_cast<char>(broken.back() ^ 1);
  CHECK(play_quic({datagrams[0], broken, datagrams[1]}) == named_with(3));
}

TEST_CASE("of a datagram's packets those with another connection id are not read") {
  // A server ignores them (RFC 9000, section 12.2).
  const auto frames = crypto_frames(quic_hello("www.example.org", 300), 2);
  const std::string first = sealed_to(800, {.frames = frames[0]});
  const std::string second =
      sealed_to(500, {.destination = "another", .number = 1, .frames = frames[1]});
  CHECK(play_quic({first + second}).state == Sniffed::State::more);
  CHECK(play_quic({first + second, second}) == named_with(2));
}

TEST_CASE("a hello that is encrypted has its outer name") {
  // encrypted_client_hello, of the outer kind, behind the other extensions.
  const std::string hello = quic_hello("public.example", 0, std::string("\xfe\x0d\0\x01\0", 5));
  const auto datagram = exact_bytes(sealed_to(1200, {.frames = crypto_frame(0, hello)}));
  QuicSniffer sniffer;
  const Sniffed sniffed = sniffer.take(datagram);
  CHECK(sniffed.name == "public.example");
  CHECK(sniffed.is_outer);
}

TEST_CASE("a sniffer takes 136 bytes, as its header says") { CHECK(sizeof(QuicSniffer) <= 136); }

}  // namespace weir
