// What real clients sent first (hellos/README.md): each is recognised, cut at every byte and split
// into records at every byte.
#include <string>
#include <vector>

#include "catch.h"
#include "sniff/first_bytes.h"
#include "sniff/hello_builder.h"
#include "sniff/sniff_checks.h"

namespace weir {
namespace {

struct Recorded {
  std::string file;
  std::string answer;
};

const std::vector<Recorded> hellos{
    {"chromium-156-1", "www.example.org (outer)"},
    {"chromium-156-2", "www.example.org (outer)"},
    {"chromium-156-3", "www.example.org (outer)"},
    {"curl-7.88-address", "no name"},
    {"curl-7.88-gnutls", "www.example.org"},
    {"curl-7.88-openssl", "www.example.org"},
    {"gnutls-3.7", "www.example.org"},
    {"gnutls-3.7-tls-1.2", "www.example.org"},
    {"go-1.19", "www.example.org"},
    {"nss-3.87", "www.example.org"},
    {"nss-3.87-ech", "public.example.org (outer)"},
    {"openssl-3.0", "www.example.org"},
    {"openssl-3.0-no-name", "no name"},
    {"openssl-3.0-resumption", "www.example.org"},
    {"openssl-3.0-split-records", "www.example.org"},
    {"openssl-3.0-tls-1.0", "www.example.org"},
    {"openssl-3.0-tls-1.2", "www.example.org"},
};

const std::vector<Recorded> requests{
    {"chromium-156", "www.example.org"},
    {"curl-7.88", "www.example.org"},
    {"curl-7.88-proxy", "www.example.org"},
    {"curl-7.88-connect", "www.example.org"},
    {"curl-7.88-h2", "no name"},
    {"wget-1.21", "www.example.org"},
};

// The handshake message in these records.
Bytes message_in(std::span<const std::uint8_t> records) {
  Bytes out;
  while (records.size() > 5) {
    const std::size_t size = static_cast<std::size_t>(records[3]) * 256 + records[4];
    append(out, beginning_of(records.subspan(5), size));
    records = records.subspan(5 + size);
  }
  return out;
}

TEST_CASE("recorded hellos are recognised, cut at every byte") {
  for (const Recorded& hello : hellos) {
    const Bytes bytes = recorded("hellos/" + hello.file + ".bin");
    INFO(hello.file);
    REQUIRE(bytes.size() > 100);
    CHECK(steady_answer(sniff_stream, bytes) == hello.answer);
  }
}

TEST_CASE("recorded hellos are recognised, split into two records at every byte") {
  for (const Recorded& hello : hellos) {
    const Bytes message = message_in(recorded("hellos/" + hello.file + ".bin"));
    for (std::size_t first = 1; first < message.size(); ++first) {
      const Bytes bytes = records_of(message, message.size(), first);
      INFO(hello.file << " split at " << first);
      REQUIRE(steady_answer(sniff_stream, bytes, bytes.size() / 7) == hello.answer);
    }
  }
}

TEST_CASE("recorded hellos are recognised in records of one byte") {
  for (const Recorded& hello : hellos) {
    const Bytes message = message_in(recorded("hellos/" + hello.file + ".bin"));
    INFO(hello.file);
    CHECK(steady_answer(sniff_stream, records_of(message, 1), 101) == hello.answer);
  }
}

TEST_CASE("recorded requests are recognised, cut at every byte") {
  for (const Recorded& request : requests) {
    const Bytes bytes = recorded("requests/" + request.file + ".bin");
    INFO(request.file);
    REQUIRE(bytes.size() > 50);
    CHECK(steady_answer(sniff_stream, bytes) == request.answer);
  }
}

TEST_CASE("an answer to a mutated recording is never taken back") {
  for (const Recorded& hello : hellos) {
    INFO(hello.file);
    CHECK(unsteady_mutation(sniff_stream, recorded("hellos/" + hello.file + ".bin"), 100) == "");
  }
  for (const Recorded& request : requests) {
    INFO(request.file);
    CHECK(unsteady_mutation(sniff_stream, recorded("requests/" + request.file + ".bin"), 100) ==
          "");
  }
}

}  // namespace
}  // namespace weir
