// See datagram.h. DNS wire format: RFC 1035, section 4.1.
#include "datagram.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "pattern.h"

namespace load {
namespace {

std::uint64_t offset_of(const DatagramHead& head) {
  return head.sequence * 7919 + head.flow * 104'729ULL;
}

constexpr std::size_t kFlags = 2;  // where the two bytes of flags are
constexpr std::byte kResponse{0x80};
constexpr std::byte kRecursionAvailable{0x80};

}  // namespace

void write_datagram(std::span<std::byte> datagram, const DatagramHead& head) {
  std::memcpy(datagram.data(), &head, sizeof head);
  const auto rest = pattern().at(offset_of(head), datagram.size() - sizeof head);
  std::memcpy(datagram.data() + sizeof head, rest.data(), rest.size());
}

bool read_datagram(std::span<const std::byte> datagram, DatagramHead& head) {
  if (datagram.size() < sizeof head) return false;
  std::memcpy(&head, datagram.data(), sizeof head);
  return pattern().matches(offset_of(head), datagram.subspan(sizeof head));
}

void write_question(std::span<std::byte, kQuestionSize> datagram, std::uint64_t sequence) {
  // Identifier (its low bits), recursion desired, one question.
  std::array<std::uint8_t, kQuestionSize> bytes{
      static_cast<std::uint8_t>(sequence >> 8), static_cast<std::uint8_t>(sequence), 1, 0, 0, 1};
  std::size_t at = 12;
  bytes[at++] = 16;
  for (int shift = 60; shift >= 0; shift -= 4) {
    bytes[at++] = static_cast<std::uint8_t>("0123456789abcdef"[(sequence >> shift) & 15]);
  }
  static constexpr char kTail[] = "\5bench\7example\0\0\1\0";  // …, type A, class IN (closing \1)
  std::memcpy(bytes.data() + at, kTail, kQuestionSize - at - 1);
  bytes[kQuestionSize - 1] = 1;
  std::memcpy(datagram.data(), bytes.data(), bytes.size());
}

void make_answer(std::span<std::byte> datagram) {
  if (datagram.size() < kFlags + 2) return;
  datagram[kFlags] |= kResponse;
  datagram[kFlags + 1] |= kRecursionAvailable;
}

bool answers(std::span<const std::byte> answer,
             std::span<const std::byte, kQuestionSize> question) {
  std::array<std::byte, kQuestionSize> expected;
  std::copy(question.begin(), question.end(), expected.begin());
  make_answer(expected);
  return std::equal(answer.begin(), answer.end(), expected.begin(), expected.end());
}

std::optional<std::uint64_t> asked_sequence(std::span<const std::byte> message) {
  constexpr std::size_t kDigits = 13;  // behind the DNS header and the label's length
  if (message.size() != kQuestionSize) return std::nullopt;
  const char* first = reinterpret_cast<const char*>(message.data()) + kDigits;
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(first, first + 16, sequence, 16);
  if (error != std::errc{} || end != first + 16) return std::nullopt;
  return sequence;
}

}  // namespace load
