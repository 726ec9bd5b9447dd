// What datagrams look like. One-way datagrams and exchanges open with a head that names run, flow
// and sequence number; the rest is the pattern from an offset that the head decides, so a datagram
// that arrives in another flow's place, cut or padded, does not verify. Questions to port 53 are
// real DNS questions, for a gateway may look into them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace load {

struct DatagramHead {
  std::uint32_t run = 0;
  std::uint32_t flow = 0;
  std::uint64_t sequence = 0;
};

// Fills the whole of `datagram`, which is at least 64 bytes.
void write_datagram(std::span<std::byte> datagram, const DatagramHead& head);
// The head, and whether everything behind it is what belongs there.
bool read_datagram(std::span<const std::byte> datagram, DatagramHead& head);

// A question for the A record of `<sequence in hexadecimal>.bench.example`.
inline constexpr std::size_t kQuestionSize = 12 + (1 + 16) + (1 + 5) + (1 + 7) + 1 + 4;
void write_question(std::span<std::byte, kQuestionSize> datagram, std::uint64_t sequence);
// Turns a question into its answer in place: the same, without a record.
void make_answer(std::span<std::byte> datagram);
bool answers(std::span<const std::byte> answer, std::span<const std::byte, kQuestionSize> question);
// The number that the name in a question or its answer spells; none when it is no such name.
std::optional<std::uint64_t> asked_sequence(std::span<const std::byte> message);

}  // namespace load
