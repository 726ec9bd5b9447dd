// Sends the datagrams of one batch with as few system calls as they allow: grouped by socket into
// sendmmsg, and where consecutive ones to one peer have equal sizes, as one UDP_SEGMENT message
// that the kernel cuts up again.
//
// A worker has two, in its Sender and its Replier. Filled and flushed within one turn of its
// thread: payloads are not copied.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/socket_calls.h"
#include "weir/endpoint.h"

namespace weir {

// DSCP and ECN of a datagram (IP_TOS, IPV6_TCLASS), where they are not what its socket writes.
struct DatagramMarking {
  enum class Of : std::uint8_t { socket, v4, v6 } of = Of::socket;
  std::uint8_t tos = 0;
  [[nodiscard]] static DatagramMarking like(std::uint8_t tos, Family family) {
    return {family == Family::v4 ? Of::v4 : Of::v6, tos};
  }
  friend bool operator==(const DatagramMarking&, const DatagramMarking&) = default;
};

class DatagramQueue {
 public:
  // The sender of a datagram: a base without content, by which the queue's owner recognises its
  // own. Lives until flush() returns, or forget().
  class Sender {};

  // Told what became of the datagrams.
  class Owner {
   public:
    virtual void on_sent(Sender& sender, std::uint64_t datagrams, std::uint64_t bytes) = 0;
    // `code` is sendmsg's errno; the datagrams are lost.
    virtual void on_not_sent(Sender& sender, std::uint64_t datagrams, int code) = 0;

   protected:
    ~Owner() = default;
  };

  using Marking = DatagramMarking;

  explicit DatagramQueue(Owner& owner, const SocketCalls& calls = kernel_calls);

  // `to` is absent for a connected socket. `segment`: the payload is several datagrams of that size
  // (the last may be shorter); 0: one.
  void add(int fd, const std::optional<Endpoint>& to, std::span<const std::uint8_t> payload,
           std::uint16_t segment, Sender& sender, Marking marking = {}) {
    add(fd, to, {}, payload, segment, sender, marking);
  }
  // The same with a header before the payload, or before each datagram in it. Neither is copied;
  // what the owner is told of are payload bytes.
  void add(int fd, const std::optional<Endpoint>& to, std::span<const std::uint8_t> header,
           std::span<const std::uint8_t> payload, std::uint16_t segment, Sender& sender,
           Marking marking = {});
  void flush();
  // The sender is about to go. What it has here leaves, and is not reported.
  void forget(const Sender& sender);
  [[nodiscard]] bool empty() const { return entries_.empty(); }

  // How many have left in another's message, which saved a message each, since the call before.
  [[nodiscard]] std::uint64_t take_merged() { return std::exchange(merged_, 0); }

 private:
  struct Entry {
    int fd;
    std::optional<Endpoint> to;
    std::span<const std::uint8_t> header;
    std::span<const std::uint8_t> payload;
    std::uint16_t segment;  // 0 where there is a header
    Marking marking;
    Sender* sender;  // null: it has gone
    [[nodiscard]] std::size_t size() const { return header.size() + payload.size(); }
  };
  // One message to the kernel: entries [first, last) of the queue.
  struct Message {
    std::size_t first;
    std::size_t last;
    std::uint16_t segment;
    std::size_t first_vector = 0;
    std::size_t vectors = 0;
  };
  static constexpr std::size_t max_messages = 64;

  [[nodiscard]] Message compose(std::size_t first) const;
  void send_one(std::size_t index);
  void send_group(std::size_t first, std::size_t last);
  void prepare(std::size_t slot, const Message& message);
  void report(const Message& message);
  void tell_sent(Sender* sender, std::uint64_t datagrams, std::uint64_t bytes);
  void tell_not_sent(Sender* sender, std::uint64_t datagrams, int code);
  void failed(const Message& message, int code);
  void send_each(const Message& message);

  Owner& owner_;
  const SocketCalls& calls_;
  std::vector<Entry> entries_;
  std::uint64_t merged_ = 0;
  std::vector<Message> pending_;
  std::vector<iovec> vectors_;
  std::array<mmsghdr, max_messages> headers_{};
  std::array<sockaddr_storage, max_messages> names_{};
  static constexpr std::size_t control_size =
      CMSG_SPACE(sizeof(std::uint16_t)) + CMSG_SPACE(sizeof(int));
  alignas(cmsghdr) std::array<std::array<std::byte, control_size>, max_messages> controls_{};
};

}  // namespace weir
