// The clients, one per way of loading a gateway. Each opens what it needs, warms up, measures for
// the time it was given, checks that nothing was lost or changed, and prints one report.
#pragma once

#include "options.h"
#include "report.h"
#include "socket.h"

namespace load {

struct Caller;
struct Ledger;
class Observation;

int run_bulk(const Options& options);          // streams, up or down
int run_exchange_tcp(const Options& options);  // request/response over connections that stay open
int run_exchange_udp(const Options& options);  // request/response over flows that stay alive
int run_connections(const Options& options);   // connect, request, response, close
int run_datagrams(const Options& options);     // one way, within a window or as a flood
int run_dns(const Options& options);           // one question from a new port each time

// The i-th source (port left to the kernel) and destination that the options name.
Address source_of(const Options& options, std::uint32_t i);
Address destination_of(const Options& options, std::uint32_t i, std::uint16_t default_port);

// What every report ends with: the observation, and what the server saw.
void finish(Report& report, const Observation& observation, const Ledger& ledger,
            std::uint64_t corrupt, const Caller& caller);

// With --hold: says "ready" and returns when standard input closes.
void hold_until_released();

}  // namespace load
