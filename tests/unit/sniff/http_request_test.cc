// The head of an HTTP/1 request names a host, or none; what is not HTTP/1 is told apart at once.
#include "sniff/http_request.h"

#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "sniff/sniff_checks.h"

namespace weir {
namespace {

std::string answer_to(std::string_view text) { return steady_answer(sniff_http, bytes_of(text)); }

std::size_t known_after(std::string_view text) {
  return answered_after(sniff_http, bytes_of(text));
}

// A request with these field lines.
std::string with_fields(const std::string& fields) {
  return "GET /a?b=c HTTP/1.1\r\n" + fields + "\r\n";
}

// A request with this line.
std::string with_line(const std::string& line) {
  return line + "\r\nHost: field.example\r\nAccept: */*\r\n\r\n";
}

TEST_CASE("a request's host is that of its Host field, wherever that stands") {
  CHECK(answer_to(with_fields("Host: www.example.org\r\n")) == "www.example.org");
  CHECK(answer_to(with_fields("Accept: */*\r\nX:\r\nhOST:WWW.Example.ORG.\r\nCookie: a=b\r\n")) ==
        "www.example.org");
  CHECK(answer_to(with_fields("Host: \t www.example.org \t \r\n")) == "www.example.org");
  CHECK(answer_to(with_fields("Host: www.example.org:8080\r\n")) == "www.example.org");
  CHECK(answer_to(with_fields("Host: www.example.org:\r\n")) == "www.example.org");
  CHECK(answer_to("PROPFIND /\xc3\xbc HTTP/1.0\r\nHost: a.example\r\n\r\nbody") == "a.example");
}

TEST_CASE("a request whose Host is no name has none, and the rest is not waited for") {
  for (const std::string host :
       {"", "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]", "[2001:db8::1]:8080", "2001:db8::1",
        "www.example.org:http", "www example.org", "user@www.example.org", "www..example.org",
        "www.example.org, other.example", "a.example/", "b%C3%BCcher.example", ":80"}) {
    const std::string begins = "GET / HTTP/1.1\r\nHost: " + host + "\r\n";
    INFO(host);
    CHECK(answer_to(begins + "Accept: */*\r\n\r\n") == "no name");
    CHECK(known_after(begins + "Accept: */*\r\n\r\n") == begins.size());
  }
}

TEST_CASE("a request without Host has no name") {
  CHECK(answer_to("GET / HTTP/1.0\r\n\r\n") == "no name");
  CHECK(answer_to(with_fields("Accept: */*\r\nX-Host: www.example.org\r\n")) == "no name");
}

TEST_CASE("two Host fields have to agree") {
  CHECK(answer_to(with_fields("Host: a.example\r\nHost: A.example:80\r\n")) == "a.example");
  CHECK(answer_to(with_fields("Host: a.example\r\nHost: b.example\r\n")) == "no name");
  CHECK(answer_to(with_fields("Host: a.example\r\nX: y\r\nHost:\r\n")) == "no name");
}

TEST_CASE("the host of an absolute target counts alone, and is known with its line") {
  CHECK(answer_to(with_line("GET http://www.example.org/ HTTP/1.1")) == "www.example.org");
  CHECK(answer_to(with_line("GET http://WWW.example.org HTTP/1.1")) == "www.example.org");
  CHECK(answer_to(with_line("GET HTTPS://www.example.org:8443?a@b HTTP/1.1")) == "www.example.org");
  CHECK(answer_to(with_line("GET ftp://me:secret@www.example.org/ HTTP/1.0")) == "www.example.org");
  CHECK(answer_to(with_line("OPTIONS http://www.example.org#x HTTP/1.1")) == "www.example.org");
  CHECK(answer_to(with_line("GET http://192.0.2.1/ HTTP/1.1")) == "no name");
  CHECK(answer_to(with_line("GET http://[2001:db8::1]:80/ HTTP/1.1")) == "no name");
  CHECK(answer_to(with_line("GET http:///path HTTP/1.1")) == "no name");
  const std::string line = "GET http://www.example.org/ HTTP/1.1\r\n";
  CHECK(known_after(line + "Host: field.example\r\n\r\n") == line.size());
}

TEST_CASE("the host of CONNECT counts alone, and is known with its line") {
  CHECK(answer_to(with_line("CONNECT www.example.org:443 HTTP/1.1")) == "www.example.org");
  CHECK(answer_to(with_line("CONNECT www.example.org HTTP/1.0")) == "www.example.org");
  CHECK(answer_to(with_line("CONNECT 192.0.2.1:443 HTTP/1.1")) == "no name");
  CHECK(answer_to(with_line("CONNECT [2001:db8::1]:443 HTTP/1.1")) == "no name");
  CHECK(answer_to(with_line("CONNECT / HTTP/1.1")) == "no name");
  CHECK(answer_to(with_line("connect www.example.org:443 HTTP/1.1")) == "no name");
}

TEST_CASE("a request about the server as a whole has its Host's name") {
  CHECK(answer_to(with_line("OPTIONS * HTTP/1.1")) == "field.example");
  CHECK(answer_to(with_line("OPTIONS *x HTTP/1.1")) == "no name");
  CHECK(answer_to(with_line("GET * HTTP/1.1")) == "no name");
}

TEST_CASE("empty lines before a request are passed over") {
  CHECK(answer_to("\r\n\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n") == "a.example");
  CHECK(answer_to("\r\n") == "more");
  CHECK(answer_to("\r GET / HTTP/1.1\r\nHost: a.example\r\n\r\n") == "no name");
}

TEST_CASE("a bare LF ends a line, a bare CR does not") {
  CHECK(answer_to("GET / HTTP/1.1\nHost: a.example\n\n") == "a.example");
  CHECK(answer_to("GET / HTTP/1.1\r\nHost: a.example\n\r\n") == "a.example");
  CHECK(answer_to("GET / HTTP/1.1\r\r\nHost: a.example\r\n\r\n") == "no name");
  CHECK(answer_to("\r\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n") == "no name");
  CHECK(answer_to("GET / HTTP/1.1\rHost: a.example\r\r\n\r\n") == "no name");
  CHECK(answer_to(with_fields("Host: a.example\r\nX: a\rb\r\n")) == "no name");
}

TEST_CASE("a folded line belongs to the field before it, and Host is not folded") {
  CHECK(answer_to(with_fields("X: a\r\n b\r\n\tHost: c.example\r\nHost: a.example\r\n")) ==
        "a.example");
  CHECK(answer_to(with_fields("Host:\r\n a.example\r\n")) == "no name");
  CHECK(answer_to(with_fields("Host: a.example\r\n .org\r\n")) == "no name");
  CHECK(answer_to(with_fields(" X: a\r\nHost: a.example\r\n")) == "no name");
}

TEST_CASE("a malformed field line is no field, and the head has no name") {
  for (const std::string line : {"colonless", "no colon", ": no name", "X : blank before the colon",
                                 "Host : a.example", "X(y): z", "\x01: y"}) {
    INFO(line);
    CHECK(answer_to(with_fields(line + "\r\nHost: a.example\r\n")) == "no name");
  }
  CHECK(answer_to(with_fields(std::string("X: a\0b\r\nHost: a.example\r\n", 25))) == "no name");
  CHECK(answer_to(with_fields("X: \x01\xff\r\nHost: a.example\r\n")) == "a.example");
}

TEST_CASE("a malformed request line has no name") {
  for (const std::string line : {"GET /",
                                 "GET / ",
                                 "GET  / HTTP/1.1",
                                 "GET  HTTP/1.1",
                                 "GET /  HTTP/1.1",
                                 "GET / HTTP/1.1 ",
                                 "GET\t/ HTTP/1.1",
                                 " GET / HTTP/1.1",
                                 "GET / HTTP/1.",
                                 "GET / HTTP/1.x",
                                 "GET / HTTP/1.10",
                                 "GET / HTTP/2.0",
                                 "GET / http/1.1",
                                 "GET / RTSP/1.0",
                                 "GET /a b HTTP/1.1",
                                 "GET /\x7f HTTP/1.1",
                                 "GET www.example.org HTTP/1.1",
                                 "GET http:/ HTTP/1.1",
                                 "GET http HTTP/1.1",
                                 "GET 1http://a.example/ HTTP/1.1",
                                 "GET ://a.example/ HTTP/1.1",
                                 "G(T / HTTP/1.1"}) {
    INFO(line);
    CHECK(answer_to(with_line(line)) == "no name");
  }
  CHECK(answer_to(with_line("GET / HTTP/1.0")) == "field.example");
  CHECK(answer_to(with_line("GET / HTTP/1.9")) == "field.example");
}

TEST_CASE("a method has at most 32 bytes") {
  const std::string longest(32, 'M');
  CHECK(answer_to(with_line(longest + " / HTTP/1.1")) == "field.example");
  CHECK(answer_to(with_line(longest + "M / HTTP/1.1")) == "no name");
  CHECK(known_after(std::string(64, 'M')) == 33);
}

TEST_CASE("what cannot become a request any more has no name with the byte that says so") {
  struct Case {
    std::string_view first_bytes;
    std::size_t known;
  };
  for (const Case& other : std::vector<Case>{
           {"\x16\x03\x01", 1},
           {"\x13"
            "BitTorrent protocol",
            1},
           {"(hello)", 1},
           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 5},
           {"OPTIONS rtsp://a.example/ RTSP/1.0\r\n", 27},
           {"INVITE sip:a@b.example SIP/2.0\r\n", 12},
           {"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", 31},
           {"SSH-2.0-Go\r\n", 11},
           {"EHLO client.example\r\n", 20},
           {"CONNECT /path HTTP/1.1\r\n", 9},
           {"GET http:/ HTTP/1.1\r\n", 11},
           {"GET http HTTP/1.1\r\n", 9},
           {"GET key\r\n", 8},
       }) {
    INFO(other.first_bytes);
    CHECK(answer_to(other.first_bytes) == "no name");
    CHECK(known_after(other.first_bytes) == other.known);
  }
}

TEST_CASE("a head ends within 16 KiB, or has no name") {
  const std::string begins = "GET / HTTP/1.1\r\nHost: a.example\r\nX: ";
  const auto head_of = [&](std::size_t size) {
    return begins + std::string(size - begins.size() - 4, 'x') + "\r\n\r\n";
  };
  const auto answer = [](const std::string& head) {
    return steady_answer(sniff_http, bytes_of(head), 61);
  };
  CHECK(answer(head_of(longest_request_head)) == "a.example");
  CHECK(answer(head_of(longest_request_head + 1)) == "no name");
  CHECK(answer(head_of(2 * longest_request_head)) == "no name");
  CHECK(answer(begins + std::string(longest_request_head - begins.size() - 1, 'x')) == "more");
  CHECK(answer("GET /" + std::string(longest_request_head, 'x')) == "no name");
  CHECK(answer(std::string(longest_request_head, '\n')) == "no name");
}

TEST_CASE("what follows a head is not looked at") {
  CHECK(answer_to(with_fields("Host: a.example\r\n") + with_fields("Host: b.example\r\n")) ==
        "a.example");
}

TEST_CASE("an answer to a mutated request is never taken back") {
  CHECK(unsteady_mutation(sniff_http,
                          bytes_of("\r\nGET / HTTP/1.1\r\nHost: a.example:80\r\nX: a\r\n b\r\n"
                                   "Host: a.example\r\n\r\n"),
                          3'000) == "");
  CHECK(unsteady_mutation(
            sniff_http, bytes_of("GET http://u@a.example:80/ HTTP/1.1\r\nHost: b.example\r\n\r\n"),
            3'000) == "");
  CHECK(unsteady_mutation(sniff_http, bytes_of("CONNECT a.example:443 HTTP/1.1\r\n\r\n"), 2'000) ==
        "");
}

}  // namespace
}  // namespace weir
