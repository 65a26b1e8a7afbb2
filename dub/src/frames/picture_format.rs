//! The size of the pictures that are read and written, and how a source becomes it.

use serde::{Deserialize, Serialize};
use viseme::media::Framing;

/// The size of a picture. Both sides are even.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PictureFormat {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Whether a source with another ratio of its sides is cropped. Otherwise it gets borders.
    pub(crate) crop: bool,
}

impl PictureFormat {
    pub(crate) fn new(width: u32, height: u32, framing: Framing) -> Self {
        let even = |side: u32| (side & !1).max(2);
        let crop = framing == Framing::Crop;
        Self { width: even(width), height: even(height), crop }
    }

    /// Returns the bytes of a picture: a byte of brightness a pixel, and two of colour for four pixels.
    pub(crate) fn frame_bytes(self) -> usize {
        self.width as usize * self.height as usize / 2 * 3
    }

    /// Returns the filters that give any picture this size and format.
    pub(crate) fn filters(self) -> String {
        let Self { width, height, crop } = self;
        let fit = if crop {
            format!(
                "scale={width}:{height}:force_original_aspect_ratio=increase:flags=bicubic,\
                 crop={width}:{height}"
            )
        } else {
            format!(
                "scale={width}:{height}:force_original_aspect_ratio=decrease:flags=bicubic,\
                 pad={width}:{height}:(ow-iw)/2:(oh-ih)/2"
            )
        };
        // Pixels that are not square become square first.
        format!("scale=trunc(iw*sar/2)*2:ih,setsar=1,{fit},format=yuv420p")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_even() {
        let format = PictureFormat::new(1281, 721, Framing::Borders);
        assert_eq!((format.width, format.height, format.frame_bytes()), (1280, 720, 1_382_400));
    }
}
