// The first byte says whether a connection is one of TLS, of HTTP/1, or of neither.
#include "sniff/first_bytes.h"

#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "sniff/hello_builder.h"
#include "sniff/sniff_checks.h"

namespace weir {
namespace {

std::string answer_to(const Bytes& bytes) { return steady_answer(sniff_stream, bytes); }

TEST_CASE("a connection of TLS or HTTP/1 has its client's name") {
  CHECK(answer_to(record_of(hello_with({server_name("tls.example"), outer_ech()}))) ==
        "tls.example (outer)");
  CHECK(answer_to(bytes_of("GET / HTTP/1.1\r\nHost: http.example\r\n\r\n")) == "http.example");
  CHECK(answer_to(bytes_of("\r\nGET http://http.example/ HTTP/1.1\r\n\r\n")) == "http.example");
  CHECK(answer_to({}) == "more");
}

TEST_CASE(
    "a connection of another protocol has no name at its first byte, or with its first line") {
  struct Case {
    std::string_view protocol;
    std::string first_bytes;
    std::size_t known;
  };
  for (const Case& other : std::vector<Case>{
           {"DNS over TCP", std::string("\0\x1d\x12\x34\1\0", 6), 1},
           {"SSL 2.0", std::string("\x80\x2e\x01\x03\x01", 5), 1},
           {"SMB",
            std::string("\0\0\0\x9b\xff"
                        "SMB",
                        8),
            1},
           {"RDP", std::string("\3\0\0\x13", 4), 1},
           {"PostgreSQL", std::string("\0\0\0\x08\x04\xd2\x16\x2f", 8), 1},
           {"MQTT", std::string("\x10\x10\0\4MQTT", 8), 1},
           {"SOCKS5", std::string("\5\1\0", 3), 1},
           {"BitTorrent",
            "\x13"
            "BitTorrent protocol",
            1},
           {"IMAP", "a001 CAPABILITY\r\n", 16},
           {"SSH", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", 39},
           {"SMTP", "EHLO client.example\r\n", 20},
           {"FTP", "USER anonymous\r\n", 15},
           {"IRC", "NICK me\r\nUSER me 0 * :me\r\n", 8},
           {"Redis", "*1\r\n$4\r\nPING\r\n", 3},
           {"XMPP", "<?xml version='1.0'?>", 1},
           {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 5},
       }) {
    INFO(other.protocol);
    const Bytes bytes = bytes_of(other.first_bytes);
    CHECK(answer_to(bytes) == "no name");
    CHECK(answered_after(sniff_stream, bytes) == other.known);
  }
}

TEST_CASE("every first byte but those of a record and a request has no name") {
  int held = 0;
  for (int c = 0; c < 256; ++c) {
    const Bytes first{static_cast<std::uint8_t>(c)};
    held += sniff_stream(first).state == Sniffed::State::more ? 1 : 0;
  }
  constexpr int token_characters = 26 + 26 + 10 + 15;
  constexpr int line_ends = 2;
  CHECK(held == token_characters + line_ends + 1);
}

TEST_CASE("the name in a full buffer is found, and a longer hello is still awaited there") {
  const HelloExtension name = server_name("www.example.org");
  const std::size_t rest = record_of(hello_with({name, padding(0)})).size();
  const Bytes whole = record_of(hello_with({padding(longest_first_bytes - rest), name}));
  REQUIRE(whole.size() == longest_first_bytes);
  CHECK(steady_answer(sniff_stream, whole, 509) == "www.example.org");
  const Bytes longer =
      records_of(hello_with({padding(longest_first_bytes), name}), longest_first_bytes);
  CHECK(said(sniff_stream(beginning_of(longer, longest_first_bytes))) == "more");
}

}  // namespace
}  // namespace weir
