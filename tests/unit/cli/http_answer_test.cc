#include "cli/http_answer.h"

#include "catch.h"

namespace weir {

TEST_CASE("an answer is its status and as many bytes as it says it has") {
  const auto answer = http_answer("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nhello?");
  REQUIRE(answer.ok());
  CHECK(answer.value().status == 404);
  CHECK(answer.value().body == "hello");
}

TEST_CASE("chunks are put together, whatever they are called in") {
  const auto answer = http_answer(
      "HTTP/1.1 200 OK\r\ntransfer-encoding:chunked\r\n\r\n"
      "3\r\nabc\r\nA;more=1\r\n0123456789\r\n0\r\n\r\n");
  REQUIRE(answer.ok());
  CHECK(answer.value().body == "abc0123456789");
}

TEST_CASE("without a length the body goes to the connection's end") {
  CHECK(http_answer("HTTP/1.0 200 OK\r\n\r\nall of it").value().body == "all of it");
  CHECK(http_answer("HTTP/1.1 204 No Content\r\n\r\n").value().body.empty());
}

TEST_CASE("what announces an answer is not the answer") {
  const auto answer = http_answer(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 409 Conflict\r\nContent-Length: 2\r\n\r\nno");
  CHECK(answer.value().status == 409);
  CHECK(answer.value().body == "no");
}

TEST_CASE("an answer that is cut anywhere is none") {
  for (const std::string_view whole :
       {std::string_view("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        std::string_view("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "5\r\nhello\r\n0\r\n")}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      INFO(whole.substr(0, size));
      CHECK_FALSE(http_answer(whole.substr(0, size)).ok());
    }
    CHECK(http_answer(whole).ok());
  }
}

TEST_CASE("what is no answer is refused") {
  for (const char* text : {"SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 OK\r\n\r\n",
                           "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "ffffffffffffffff\r\nabc"}) {
    INFO(text);
    CHECK_FALSE(http_answer(text).ok());
  }
}

}  // namespace weir
