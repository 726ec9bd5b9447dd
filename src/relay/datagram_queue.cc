#include "relay/datagram_queue.h"

#include <netinet/in.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace weir {
namespace {

// The kernel cuts one message into at most this many datagrams (UDP_MAX_SEGMENTS was 64 for long).
constexpr std::size_t max_segments = 64;
// And all of them together are at most one IP packet.
constexpr std::size_t max_bytes = 65'000;
// Larger ones would need fragmentation after segmentation, which the kernel refuses.
constexpr std::size_t largest_segment = 1'452;

// Writes one control message; how much room it took.
template <typename T>
std::size_t put_control(std::byte* at, int level, int type, const T& value) {
  cmsghdr control{};
  control.cmsg_level = level;
  control.cmsg_type = type;
  control.cmsg_len = CMSG_LEN(sizeof value);
  std::memcpy(at, &control, sizeof control);
  std::memcpy(at + CMSG_LEN(0), &value, sizeof value);
  return CMSG_SPACE(sizeof value);
}

std::size_t put_marking(std::byte* at, const DatagramQueue::Marking& marking) {
  using Of = DatagramQueue::Marking::Of;
  if (marking.of == Of::socket) {
    return 0;
  }
  const int tos = marking.tos;
  return marking.of == Of::v4 ? put_control(at, SOL_IP, IP_TOS, tos)
                              : put_control(at, SOL_IPV6, IPV6_TCLASS, tos);
}

std::uint64_t count_of(std::span<const std::uint8_t> payload, std::uint16_t segment) {
  return segment == 0 ? 1 : (payload.size() + segment - 1) / segment;
}

}  // namespace

DatagramQueue::DatagramQueue(Owner& owner, const SocketCalls& calls)
    : owner_(owner), calls_(calls) {
  entries_.reserve(max_messages);
  pending_.reserve(max_messages);
  vectors_.reserve(max_messages);
}

void DatagramQueue::add(int fd, const std::optional<Endpoint>& to,
                        std::span<const std::uint8_t> header, std::span<const std::uint8_t> payload,
                        std::uint16_t segment, Sender& sender, Marking marking) {
  if (segment >= payload.size()) {
    segment = 0;  // one datagram after all
  }
  if (header.empty() || segment == 0) {
    entries_.push_back({fd, to, header, payload, segment, marking, &sender});
    return;
  }
  for (std::size_t offset = 0; offset < payload.size(); offset += segment) {
    const auto piece =
        payload.subspan(offset, std::min<std::size_t>(segment, payload.size() - offset));
    entries_.push_back({fd, to, header, piece, 0, marking, &sender});
  }
}

void DatagramQueue::flush() {
  const auto by_socket = [](const Entry& a, const Entry& b) { return a.fd < b.fd; };
  if (!std::is_sorted(entries_.begin(), entries_.end(), by_socket)) {
    std::stable_sort(entries_.begin(), entries_.end(), by_socket);
  }
  for (std::size_t first = 0; first < entries_.size();) {
    std::size_t last = first + 1;
    while (last < entries_.size() && entries_[last].fd == entries_[first].fd) {
      ++last;
    }
    if (last - first == 1 && entries_[first].header.empty() && entries_[first].segment == 0 &&
        entries_[first].marking == Marking{}) {
      send_one(first);
    } else {
      send_group(first, last);
    }
    first = last;
  }
  entries_.clear();
}

// As many entries as one message can carry, from `first` on.
DatagramQueue::Message DatagramQueue::compose(std::size_t first) const {
  const Entry& head = entries_[first];
  Message message{.first = first, .last = first + 1, .segment = head.segment};
  if (head.segment != 0 || head.size() == 0 || head.size() > largest_segment) {
    return message;
  }
  std::size_t bytes = head.size();
  while (message.last < entries_.size() && message.last - first < max_segments) {
    const Entry& next = entries_[message.last];
    if (next.fd != head.fd || next.to != head.to || next.sender != head.sender ||
        next.marking != head.marking || next.segment != 0 || next.size() == 0 ||
        next.size() > head.size() || bytes + next.size() > max_bytes) {
      break;
    }
    bytes += next.size();
    ++message.last;
    if (next.size() < head.size()) {
      break;  // only the last one may be shorter
    }
  }
  if (message.last - first > 1) {
    message.segment = static_cast<std::uint16_t>(head.size());
  }
  return message;
}

void DatagramQueue::prepare(std::size_t slot, const Message& message) {
  const Entry& head = entries_[message.first];
  msghdr& header = headers_[slot].msg_hdr;
  header = {};
  if (head.to) {
    header.msg_namelen = head.to->to(names_[slot]);
    header.msg_name = &names_[slot];
  }
  header.msg_iov = &vectors_[message.first_vector];
  header.msg_iovlen = message.vectors;
  std::size_t size = 0;
  if (message.segment != 0) {
    size += put_control(controls_[slot].data(), SOL_UDP, UDP_SEGMENT, message.segment);
  }
  size += put_marking(controls_[slot].data() + size, head.marking);
  if (size != 0) {
    header.msg_control = controls_[slot].data();
    header.msg_controllen = size;
  }
}

void DatagramQueue::send_group(std::size_t first, std::size_t last) {
  while (first < last) {
    pending_.clear();
    vectors_.clear();
    while (first < last && pending_.size() < max_messages) {
      Message message = compose(first);
      message.first_vector = vectors_.size();
      for (; first < message.last; ++first) {
        if (const auto header = entries_[first].header; !header.empty()) {
          vectors_.push_back({const_cast<std::uint8_t*>(header.data()), header.size()});
        }
        const auto payload = entries_[first].payload;
        vectors_.push_back({const_cast<std::uint8_t*>(payload.data()), payload.size()});
      }
      message.vectors = vectors_.size() - message.first_vector;
      pending_.push_back(message);
    }
    for (std::size_t slot = 0; slot < pending_.size(); ++slot) {
      prepare(slot, pending_[slot]);
    }
    const int fd = entries_[pending_.front().first].fd;
    for (std::size_t done = 0; done < pending_.size();) {
      const int sent =
          calls_.sendmmsg(fd, headers_.data() + done, static_cast<unsigned>(pending_.size() - done),
                          MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent <= 0) {
        failed(pending_[done], errno);
        ++done;
        continue;
      }
      for (const std::size_t end = done + static_cast<std::size_t>(sent); done < end; ++done) {
        report(pending_[done]);
      }
    }
  }
}

// A datagram alone needs no message around it, which the kernel would have to copy and check.
void DatagramQueue::send_one(std::size_t index) {
  const Entry& entry = entries_[index];
  sockaddr_storage name;
  const socklen_t length = entry.to ? entry.to->to(name) : 0;
  const ssize_t sent = calls_.sendto(
      entry.fd, entry.payload.data(), entry.payload.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
      length != 0 ? reinterpret_cast<const sockaddr*>(&name) : nullptr, length);
  const Message message{.first = index, .last = index + 1, .segment = 0};
  if (sent >= 0) {
    report(message);
  } else {
    failed(message, errno);
  }
}

void DatagramQueue::forget(const Sender& sender) {
  for (Entry& entry : entries_) {
    entry.sender = entry.sender == &sender ? nullptr : entry.sender;
  }
}

void DatagramQueue::tell_sent(Sender* sender, std::uint64_t datagrams, std::uint64_t bytes) {
  if (sender != nullptr) {
    owner_.on_sent(*sender, datagrams, bytes);
  }
}

void DatagramQueue::tell_not_sent(Sender* sender, std::uint64_t datagrams, int code) {
  if (sender != nullptr) {
    owner_.on_not_sent(*sender, datagrams, code);
  }
}

void DatagramQueue::report(const Message& message) {
  std::uint64_t bytes = 0;
  std::uint64_t datagrams = 0;
  for (std::size_t i = message.first; i < message.last; ++i) {
    bytes += entries_[i].payload.size();
    datagrams += count_of(entries_[i].payload, entries_[i].segment);
  }
  merged_ += message.last - message.first - 1;
  tell_sent(entries_[message.first].sender, datagrams, bytes);
}

void DatagramQueue::failed(const Message& message, int code) {
  // Segments that the path's MTU does not allow, or a device that cannot segment: one by one the
  // kernel fragments them.
  const bool segmented = message.segment != 0;
  if (segmented && (code == EINVAL || code == EMSGSIZE || code == EIO || code == EOPNOTSUPP)) {
    send_each(message);
    return;
  }
  // An ICMP error that an earlier datagram earned is reported with this one, which was not sent.
  if (code == ECONNREFUSED || code == EHOSTUNREACH || code == ENETUNREACH) {
    tell_not_sent(entries_[message.first].sender, 0, code);
    send_each(message);
    return;
  }
  // So are those that only tell something about the path. Sent again, a datagram that is itself too
  // big is refused again.
  if (code == EMSGSIZE || code == EPROTO || code == ENOPROTOOPT) {
    if (code == EMSGSIZE) {
      tell_not_sent(entries_[message.first].sender, 0, code);
    }
    send_each(message);
    return;
  }
  std::uint64_t datagrams = 0;
  for (std::size_t i = message.first; i < message.last; ++i) {
    datagrams += count_of(entries_[i].payload, entries_[i].segment);
  }
  tell_not_sent(entries_[message.first].sender, datagrams, code);
}

void DatagramQueue::send_each(const Message& message) {
  for (std::size_t i = message.first; i < message.last; ++i) {
    const Entry& entry = entries_[i];
    sockaddr_storage name{};
    const socklen_t length = entry.to ? entry.to->to(name) : 0;
    const std::size_t step = entry.segment != 0 ? entry.segment : entry.payload.size();
    std::size_t offset = 0;
    do {
      const auto piece =
          entry.payload.subspan(offset, std::min(step, entry.payload.size() - offset));
      std::array<iovec, 2> vectors{
          {{const_cast<std::uint8_t*>(entry.header.data()), entry.header.size()},
           {const_cast<std::uint8_t*>(piece.data()), piece.size()}}};
      msghdr message_header{};
      message_header.msg_name = length != 0 ? &name : nullptr;
      message_header.msg_namelen = length;
      message_header.msg_iov = vectors.data();
      message_header.msg_iovlen = vectors.size();
      alignas(cmsghdr) std::array<std::byte, control_size> control{};
      message_header.msg_controllen = put_marking(control.data(), entry.marking);
      message_header.msg_control = message_header.msg_controllen != 0 ? control.data() : nullptr;
      const auto send_it = [&]() {
        return calls_.sendmsg(entry.fd, &message_header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
      };
      bool sent = send_it();
      if (!sent && errno == ECONNREFUSED) {  // what the piece before this one earned
        tell_not_sent(entry.sender, 0, ECONNREFUSED);
        sent = send_it();
      }
      if (sent) {
        tell_sent(entry.sender, 1, piece.size());
      } else {
        tell_not_sent(entry.sender, 1, errno);
      }
      offset += step;
    } while (offset < entry.payload.size());
  }
}

}  // namespace weir
