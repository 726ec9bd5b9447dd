// The page of memory that client and server share through a file: what the receiver has seen, told
// to the sender without a packet. It gives two things a network alone does not: a count of what
// really arrived, kept by the one whom it reached, and a window for one-way datagrams (the sender
// sleeps while too many are under way, as any congestion-controlled sender does) that costs the
// gateway no acknowledgements. Every field has one writer, named beside it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "socket.h"

namespace load {

struct Caller {
  sockaddr_storage address;
  bool by_socks;
};

struct Ledger {
  // Server: bytes the sinks verified, bytes the sources sent.
  std::atomic<std::uint64_t> stream_verified;
  std::atomic<std::uint64_t> stream_sent;
  // Server: anything that was not what the pattern says it must be.
  std::atomic<std::uint64_t> corrupt;

  // Client: the sources have sent enough and are to close. (A FIN of the client's would say so on
  // the wire, but not every gateway keeps the other direction open after one, and that is another
  // test.)
  std::atomic<std::uint32_t> stop_sources;

  // Client: the number of the datagram run; datagrams of another run are strays and not counted.
  std::atomic<std::uint32_t> run;
  // Server, of this run: datagrams received once; repeated; and, summed over flows, one more than
  // the highest sequence number seen. What is below the highest and was not received is lost.
  std::atomic<std::uint64_t> received;
  std::atomic<std::uint64_t> repeated;
  std::atomic<std::uint64_t> acknowledged;

  // Client: wake me when `acknowledged` reaches this; 0 when awake.
  std::atomic<std::uint64_t> wake_at;
  std::atomic<std::uint32_t> wake_word;  // futex

  // Server: who called last, and whether by SOCKS, so that a run can prove which way it went.
  Caller stream_caller;
  Caller datagram_caller;
};

// Maps `file`, made and zeroed by the first who opens it.
Ledger& open_ledger(const std::string& file);

// Client: sleeps until `acknowledged` reaches `target` or `timeout` is over without it.
void wait_for_acknowledged(Ledger& ledger, std::uint64_t target, std::chrono::nanoseconds timeout);
// Server: wakes a client whose target has been reached.
void wake_sender(Ledger& ledger);

std::string peer_text(const sockaddr_storage& peer);

}  // namespace load
