// The keys of a client's Initial packets: the examples of RFC 9001 and RFC 9369, appendix A.
#include "sniff/quic_keys.h"

#include <string>
#include <string_view>
#include <vector>

#include "catch.h"
#include "quic_builder.h"
#include "recorded_clients.h"

namespace weir {
namespace {

constexpr std::string_view example_id = "\x83\x94\xc8\xf0\x3e\x51\x57\x08";

template <typename Bytes>
std::string hex_of(const Bytes& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::uint8_t byte : bytes) {
    out += digits[byte >> 4U];
    out += digits[byte & 0xfU];
  }
  return out;
}

std::vector<std::uint8_t> from_hex(std::string_view hex) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

// What both examples' CRYPTO frames carry.
constexpr std::string_view example_hello =
    "010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c"
    "00000413011302010000c000000010000e00000b6578616d706c652e636f6d"
    "ff01000100000a00080006001d0017001800100007000504616c706e000500050100000000"
    "003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748"
    "002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001"
    "003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e"
    "51570806048000ffff";

struct KeyExample {
  std::string file;  // in datagrams/
  QuicVersion version;
  std::string key;
  std::string iv;
  std::string header_key;
  std::string sample;
  std::string mask;
};

const std::vector<KeyExample> key_examples{
    {"rfc9001-a2", QuicVersion::v1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
     "9f50449e04a0e810283a1e9933adedd2", "d1b1c98dd7689fb8ec11d242b123dc9b", "437b9aec36"},
    {"rfc9369-a2", QuicVersion::v2, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
     "45b95e15235d6f45a6b19cbcb0294ba9", "ffe67b6abcdb4298b485dd04de806071", "94a0c95e80"}};

}  // namespace

TEST_CASE("keys follow from version and connection id as in the RFCs' examples") {
  for (const KeyExample& example : key_examples) {
    const QuicKeys keys = client_initial_keys(example.version, as_bytes_of(example_id));
    CHECK(hex_of(keys.key) == example.key);
    CHECK(hex_of(keys.iv) == example.iv);
    CHECK(hex_of(keys.header_key) == example.header_key);
    const auto sample = from_hex(example.sample);
    CHECK(hex_of(keys.header_mask(std::span(sample).first<QuicKeys::sample_size>())) ==
          example.mask);
  }
}

TEST_CASE("the builder makes the packets of the RFCs' examples") {
  for (const KeyExample& example : key_examples) {
    const auto bytes = from_hex(example_hello);
    const std::string hello(bytes.begin(), bytes.end());
    const std::string packet = sealed_to(1200, {.version = example.version,
                                                .source = "",
                                                .number = 2,
                                                .number_size = 4,
                                                .frames = crypto_frame(0, hello)});
    const RecordedClient published = recorded_client(example.file);
    REQUIRE(published.datagrams.size() == 1);
    CHECK(packet == published.datagrams.front());
  }
}

TEST_CASE("a payload opens under its number, header and keys alone") {
  const QuicKeys keys = client_initial_keys(QuicVersion::v1, as_bytes_of(example_id));
  const std::string header = "header";
  const std::string text = "what it says";
  auto nonce = keys.iv;
  nonce.back() ^= 7U;
  gcm_aes128_ctx context;
  gcm_aes128_set_key(&context, keys.key.data());
  gcm_aes128_set_iv(&context, nonce.size(), nonce.data());
  gcm_aes128_update(&context, header.size(), as_bytes_of(header).data());
  std::vector<std::uint8_t> whole(text.size() + QuicKeys::tag_size);
  gcm_aes128_encrypt(&context, text.size(), whole.data(), as_bytes_of(text).data());
  gcm_aes128_digest(&context, QuicKeys::tag_size, whole.data() + text.size());

  const auto opens = [&](std::uint64_t number, std::string_view before,
                         std::vector<std::uint8_t> payload) {
    return keys.open(number, as_bytes_of(before), payload).has_value();
  };
  auto room = whole;
  const auto opened = keys.open(7, as_bytes_of(header), room);
  REQUIRE(opened);
  CHECK(std::string(opened->begin(), opened->end()) == text);
  CHECK_FALSE(opens(8, header, whole));
  CHECK_FALSE(opens(7U + (std::uint64_t{1} << 32U), header, whole));
  CHECK_FALSE(opens(7, "heades", whole));
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      auto other = whole;
      other[at] ^= static_cast<std::uint8_t>(1U << bit);
      CHECK_FALSE(opens(7, header, other));
    }
  }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK_FALSE(opens(7, header, {whole.begin(), whole.begin() + static_cast<long>(size)}));
  }
}

}  // namespace weir
