// The datagram codecs there are, by their names: a flow that came from another process is read and
// written as it was there. Constant; any thread.
#pragma once

#include <string_view>

#include "weir/datagram_codec.h"

namespace weir {

// Lives as long as the program; null: no codec has that name.
[[nodiscard]] const DatagramCodec* codec_named(std::string_view name);

}  // namespace weir
