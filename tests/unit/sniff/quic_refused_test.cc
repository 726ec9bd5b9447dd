// QUIC flows, and others, that have no name, or not any more.
#include <string>
#include <vector>

#include "catch.h"
#include "quic_play.h"

namespace weir {
namespace {

PlayedQuic refused_with(std::size_t looked_at) {
  return {.state = Sniffed::State::no_name, .name = "", .looked_at = looked_at};
}

std::string a_first_datagram(std::string_view piece = "\x01") {
  return sealed_to(1200, {.frames = crypto_frame(0, piece)});
}

}  // namespace

TEST_CASE("a flow that does not begin with a padded Initial has no name at once") {
  const std::string hello_frame = crypto_frame(0, quic_hello("www.example.org"));
  const std::string good = sealed_to(1200, {.frames = hello_frame});
  std::string unknown_version = good;
  unknown_version[1] = '\x7f';
  std::string negotiation = good;
  negotiation.replace(1, 4, std::string(4, '\0'));
  std::string long_id = good;
  long_id[5] = '\x15';
  std::string retry = good;
  retry[0] = '\xf0';
  std::string retry_v2 = good;
  retry_v2[0] = '\xc0';
  retry_v2.replace(1, 4, "\x6b\x33\x43\xcf");
  const std::vector<std::string> firsts{
      "",
      "\xc0",
      std::string(1300, '\0'),
      std::string(1300, '\xff'),
      '\x40' + std::string(1300, 'a'),
      good.substr(0, 1199),
      sealed_to(1199, {.frames = hello_frame}),
      unknown_version,
      negotiation,
      long_id,
      retry,
      retry_v2,
      sealed_to(1200, {.destination = std::string(21, 'd'), .frames = hello_frame}),
      sealed_to(1200, {.source = std::string(21, 's'), .frames = hello_frame}),
      other_packet({}, 1, 1300),
      other_packet({}, 2, 1300),
      other_packet({.version = QuicVersion::v2}, 2, 1300),
  };
  for (const std::string& first : firsts) {
    INFO(first.size());
    CHECK_FALSE(may_begin_quic(exact_bytes(first)));
    CHECK(play_quic({first, good}) == refused_with(1));
  }
}

TEST_CASE("a first Initial that its own keys do not open has no name") {
  std::string broken = a_first_datagram(quic_hello("www.example.org"));
  broken.back() = static_cast<char>(broken.back() ^ 1);
  CHECK(may_begin_quic(exact_bytes(broken)));
  CHECK(play_quic({broken}) == refused_with(1));
  // Nor one that is too short for a sample.
  const std::string tiny = long_header(QuicVersion::v1, 0, 0, "12345678", "") + '\0' +
                           quic_number(19) + std::string(19, 'x');
  CHECK(play_quic({tiny + std::string(1200, '\0')}) == refused_with(1));
  // Later on, and at the end of its datagram, it is passed over.
  CHECK(play_quic({a_first_datagram(), tiny}).state == Sniffed::State::more);
}

TEST_CASE("a later datagram of another version has no name") {
  std::string other = a_first_datagram();
  other[1] = '\x7f';
  CHECK(play_quic({a_first_datagram(), other}) == refused_with(2));
  CHECK(play_quic({a_first_datagram() + other}) == refused_with(1));
}

TEST_CASE("behind a Retry, which is a server's, nothing is read") {
  const std::string close = sealed({.number = 1, .frames = close_frame()});
  CHECK(play_quic({a_first_datagram(), other_packet({}, 3, 40) + close}).state ==
        Sniffed::State::more);
  CHECK(play_quic({a_first_datagram(), other_packet({}, 2, 40) + close}) == refused_with(2));
}

TEST_CASE("a close has no name") {
  CHECK(play_quic({a_first_datagram(), sealed({.number = 1, .frames = close_frame()})}) ==
        refused_with(2));
}

TEST_CASE("frames that are malformed, or may not stand in an Initial, have no name") {
  const std::string crypto = crypto_frame(0, "\x01");
  const std::vector<std::string> frames{
      "\x04",                          // RESET_STREAM
      "\x05",                          // STOP_SENDING
      "\x07",                          // NEW_TOKEN
      '\x08' + std::string(20, '\0'),  // STREAM
      "\x1d" + std::string(8, '\0'),   // CONNECTION_CLOSE of an application
      "\x1e",                          // HANDSHAKE_DONE
      "\x7f\xff",                      // of no known type
      "\x06",                          // cut, like those below
      "\x06\x40",
      '\x06' + quic_number(0) + quic_number(2'000) + "x",
      '\x06' + quic_number(0) + quic_number(std::uint64_t{1} << 61U) + "x",
      '\x06' + quic_number((std::uint64_t{1} << 62U) - 1) + quic_number(1) + "x",
      ack_frame(3).substr(0, 20),
      '\x02' + quic_number(1) + quic_number(1) + quic_number((std::uint64_t{1} << 62U) - 1),
      ack_ecn_frame(0).substr(0, 12),
  };
  for (const std::string& frame : frames) {
    INFO(static_cast<int>(frame[0]) << " of " << frame.size());
    BuiltInitial initial{.frames = crypto + padding_frames(1200) + frame};
    CHECK(play_quic({sealed(initial)}) == refused_with(1));
  }
}

TEST_CASE("a stream that says two things has no name, not even within one datagram") {
  const std::string one = quic_hello("www.example.org");
  const std::string other = quic_hello("www.example.com");
  const std::size_t differs_at = one.find("org");
  const std::string same = a_first_datagram(one.substr(0, differs_at));
  const std::string different = a_first_datagram(one.substr(0, differs_at + 1));
  const BuiltInitial second{.number = 1, .frames = crypto_frame(0, other)};
  CHECK(play_quic({same, sealed(second)}).name == "www.example.com");
  CHECK(play_quic({different, sealed(second)}) == refused_with(2));
  CHECK(play_quic({sealed_to(1200, {.frames = crypto_frame(0, one) + crypto_frame(0, other)})}) ==
        refused_with(1));
  // Nor after a Retry.
  BuiltInitial after = second;
  after.destination = "new";
  CHECK(play_quic({different, sealed(after)}) == refused_with(2));
}

TEST_CASE("a stream that is no hello, or one without a name, has none") {
  CHECK(play_quic({a_first_datagram("GET / HTTP/1.1")}) == refused_with(1));
  CHECK(play_quic({a_first_datagram(quic_hello("192.0.2.1"))}) == refused_with(1));
}

TEST_CASE("a stream is looked at to 16 KiB") {
  const std::size_t last = QuicCryptoStream::longest - 1;
  CHECK(play_quic({sealed_to(1200, {.frames = crypto_frame(last, "x")})}).state ==
        Sniffed::State::more);
  CHECK(play_quic({sealed_to(1200, {.frames = crypto_frame(last, "xy")})}) == refused_with(1));
}

TEST_CASE("eight datagrams are looked at, and the eighth may say the name") {
  const std::string hello = quic_hello("www.example.org", 1'000);
  const auto frames = crypto_frames(hello, 2);
  std::vector<std::string> datagrams{sealed_to(1200, {.frames = frames[0]})};
  for (std::size_t i = 1; i < QuicSniffer::most_datagrams; ++i) {
    datagrams.push_back(sealed({.number = i, .frames = ping_frame()}));
  }
  CHECK(play_quic(datagrams) == refused_with(8));
  const std::string last = sealed({.number = 9, .frames = frames[1]});
  datagrams.back() = last;
  CHECK(play_quic(datagrams).name == "www.example.org");
  datagrams.insert(datagrams.begin() + 1, sealed({.number = 10, .frames = ping_frame()}));
  CHECK(play_quic(datagrams) == refused_with(8));
}

TEST_CASE("10 KiB are looked at, and the datagram that reaches them may say the name") {
  const std::string hello = quic_hello("www.example.org", 1'000);
  const auto frames = crypto_frames(hello, 2);
  const std::string first = sealed_to(5'000, {.frames = frames[0]});
  const auto second = [&](std::size_t size, const std::string& what) {
    return sealed_to(size, {.number = 1, .frames = what});
  };
  CHECK(play_quic({first, second(5'239, ping_frame())}).state == Sniffed::State::more);
  CHECK(play_quic({first, second(5'240, ping_frame())}) == refused_with(2));
  CHECK(play_quic({first, second(9'000, frames[1])}).name == "www.example.org");
}

TEST_CASE("after eight Initials that the keys do not open a flow has no name") {
  const std::string hello = quic_hello("www.example.org", 1'000);
  const auto frames = crypto_frames(hello, 2);
  const auto with_strangers = [&](std::size_t count) {
    std::string stranger = sealed({.number = 1, .frames = ping_frame()});
    stranger.back() = static_cast<char>(stranger.back() ^ 1);
    std::string row;
    for (std::size_t i = 0; i < count; ++i) {
      row += stranger;
    }
    return play_quic(
        {sealed_to(1200, {.frames = frames[0]}), row, sealed({.number = 2, .frames = frames[1]})});
  };
  CHECK(with_strangers(QuicSniffer::most_strangers).name == "www.example.org");
  CHECK(with_strangers(QuicSniffer::most_strangers + 1) == refused_with(2));
}

TEST_CASE("after an answer there is no other") {
  const std::string datagram = a_first_datagram(quic_hello("www.example.org"));
  QuicSniffer sniffer;
  CHECK(sniffer.take(exact_bytes(datagram)).state == Sniffed::State::name);
  CHECK(sniffer.take(exact_bytes(datagram)).state == Sniffed::State::no_name);
  CHECK(sniffer.take({}).state == Sniffed::State::no_name);
}

}  // namespace weir
