#pragma once

#include <lrpp/framework/io/tokenizer/aligned_text.h>

namespace lrpp::tokenization {

enum class NormalizationForm { nfc, nfd, nfkc, nfkd };

/// Unicode normalisation (UAX #15) that keeps alignments: a decomposed character's parts point to it, a
/// composed one points to its first part, as the `tokenizers` package has it.
void normalize_unicode(AlignedText& text, NormalizationForm form);

}  // namespace lrpp::tokenization
