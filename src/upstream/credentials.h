// The user name and password that a section gives, or the file that holds the password. No state;
// reads the file, on the main thread.
#pragma once

#include <cstddef>
#include <memory>

#include "handshake/credentials.h"
#include "weir/result.h"
#include "weir/settings.h"

namespace weir {

// Null where the section gives none. A password file is read now, and again at every reload; one
// that others may read is refused. Errors name the key's line and never the value.
// `longest`: what the protocol can carry of either, in bytes.
[[nodiscard]] Result<std::shared_ptr<const Credentials>> parse_credentials(const Settings& settings,
                                                                           std::size_t longest);

// Whether those that were parsed now are those in use.
[[nodiscard]] bool same_credentials(const Result<std::shared_ptr<const Credentials>>& now,
                                    const std::shared_ptr<const Credentials>& used);

}  // namespace weir
