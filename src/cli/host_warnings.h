// Rules that ask for hosts where none can be seen. A name comes from the TLS hello or the HTTP
// request of a TCP connection, from a QUIC connection's first datagrams (any port), and from DNS
// answers that weir carries to the client. Where servers speak first (SSH, SMTP), and in other
// protocols over UDP, only the last one is left; and where a client hides the name (Encrypted
// Client Hello), it is the only one that has it.
//
// No state; main thread.
#pragma once

#include <vector>

#include "base/configuration.h"
#include "upstream/assembly.h"

namespace weir {

[[nodiscard]] std::vector<Diagnostic> host_warnings(const Configuration& configuration,
                                                    UpstreamAssembly& assembly);

}  // namespace weir
