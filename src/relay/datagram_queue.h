// Sends the datagrams of one batch with as few system calls as they allow: grouped by socket into
// sendmmsg, and where consecutive ones to one peer have equal sizes, as one UDP_SEGMENT message
// that the kernel cuts up again.
//
// Filled and flushed within one turn: payloads are not copied. One thread.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "weir/endpoint.h"

namespace weir {

class DatagramQueue {
 public:
  // Whose a datagram is: a base without content, by which the queue's owner knows its own again.
  // Lives until flush() returns.
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

  explicit DatagramQueue(Owner& owner);

  // `to` is absent for a connected socket. `segment`: the payload is several datagrams of that size
  // (the last may be shorter); 0: one.
  void add(int fd, const std::optional<Endpoint>& to, std::span<const std::uint8_t> payload,
           std::uint16_t segment, Sender& sender) {
    add(fd, to, {}, payload, segment, sender);
  }
  // The same with a header before the payload, or before each datagram in it. Neither is copied;
  // what the owner is told of are payload bytes.
  void add(int fd, const std::optional<Endpoint>& to, std::span<const std::uint8_t> header,
           std::span<const std::uint8_t> payload, std::uint16_t segment, Sender& sender);
  void flush();
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
    Sender* sender;
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
  static constexpr std::size_t most_messages = 64;

  [[nodiscard]] Message compose(std::size_t first) const;
  void send_one(std::size_t index);
  void send_group(std::size_t first, std::size_t last);
  void prepare(std::size_t slot, const Message& message);
  void report(const Message& message);
  void failed(const Message& message, int code);
  void send_each(const Message& message);

  Owner& owner_;
  std::vector<Entry> entries_;
  std::uint64_t merged_ = 0;
  std::vector<Message> pending_;
  std::vector<iovec> vectors_;
  std::array<mmsghdr, most_messages> headers_{};
  std::array<sockaddr_storage, most_messages> names_{};
  alignas(cmsghdr) std::array<std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t))>,
                              most_messages> controls_{};
};

}  // namespace weir
