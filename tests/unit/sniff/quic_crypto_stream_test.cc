// A QUIC client's CRYPTO stream from its pieces.
#include "sniff/quic_crypto_stream.h"

#include <random>
#include <string>
#include <vector>

#include "catch.h"
#include "quic_builder.h"

namespace weir {
namespace {

std::string beginning_of(const QuicCryptoStream& stream) {
  const auto bytes = stream.beginning();
  return {bytes.begin(), bytes.end()};
}

bool add_to(QuicCryptoStream& stream, std::uint64_t offset, std::string_view piece) {
  return stream.add(offset, exact_bytes(piece));
}

}  // namespace

TEST_CASE("a stream begins where its first byte has come, and ends where one is missing") {
  QuicCryptoStream stream;
  CHECK(beginning_of(stream).empty());
  CHECK(add_to(stream, 3, "def"));
  CHECK(beginning_of(stream).empty());
  CHECK(add_to(stream, 0, "ab"));
  CHECK(beginning_of(stream) == "ab");
  CHECK(add_to(stream, 8, "i"));
  CHECK(add_to(stream, 1, "bcde"));
  CHECK(beginning_of(stream) == "abcdef");
  CHECK(add_to(stream, 6, "gh"));
  CHECK(beginning_of(stream) == "abcdefghi");
}

TEST_CASE("a stream refuses a byte that says something else, and what ends beyond its bound") {
  QuicCryptoStream stream;
  CHECK(add_to(stream, 4, "efgh"));
  CHECK(add_to(stream, 2, "cdef"));
  CHECK_FALSE(add_to(stream, 6, "gH"));
  CHECK_FALSE(add_to(stream, 3, "d."));
  CHECK(add_to(stream, QuicCryptoStream::longest, ""));
  CHECK(add_to(stream, QuicCryptoStream::longest - 1, "x"));
  CHECK_FALSE(add_to(stream, QuicCryptoStream::longest - 1, "xy"));
  CHECK_FALSE(add_to(stream, QuicCryptoStream::longest + 1, ""));
  CHECK_FALSE(add_to(stream, ~std::uint64_t{0}, "x"));
}

TEST_CASE("a stream in random pieces, overlapping and twice, is what it was") {
  std::mt19937 random(4711);
  for (int round = 0; round < 50; ++round) {
    std::string whole(1 + random() % QuicCryptoStream::longest, '\0');
    for (char& c : whole) {
      c = static_cast<char>(random());
    }
    std::vector<bool> has_come(whole.size());
    QuicCryptoStream stream;
    std::size_t known = 0;
    while (known < whole.size()) {
      // Now and then what is missing next, so that it ends.
      const std::size_t at = random() % 4 == 0 ? known : random() % whole.size();
      const std::size_t size = std::min<std::size_t>(random() % 900, whole.size() - at);
      REQUIRE(add_to(stream, at, std::string_view(whole).substr(at, size)));
      std::fill_n(has_come.begin() + static_cast<long>(at), size, true);
      while (known < whole.size() && has_come[known]) {
        ++known;
      }
      REQUIRE(beginning_of(stream) == whole.substr(0, known));
    }
  }
}

}  // namespace weir
