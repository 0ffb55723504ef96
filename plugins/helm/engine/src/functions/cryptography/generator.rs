//! Random numbers for keys: a stream from one seed that the context gave.

use std::convert::Infallible;

use aes::Aes256;
use aes::cipher::{BlockCipherEncrypt, KeyInit};
use rsa::rand_core::{TryCryptoRng, TryRng};

use crate::context::Context;
use crate::function::Failure;

/// AES-256 in counter mode over a seed. What makes keys asks it as often as it likes and without failing, where
/// asking the context each time might fail in the middle, or cross a sandbox's border thousands of times.
pub(super) struct Generator {
    cipher: Aes256,
    counter: u128,
    block: [u8; 16],
    /// How much of the block is given out.
    used: usize,
}

impl Generator {
    /// A generator with a fresh seed.
    pub(super) fn new(context: &mut dyn Context) -> Result<Self, Failure> {
        let mut seed = [0; 32];
        context.random(&mut seed)?;
        Ok(Self { cipher: Aes256::new(&seed.into()), counter: 0, block: [0; 16], used: 16 })
    }

    /// Fills `bytes`.
    pub(super) fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.used == self.block.len() {
                let mut block = self.counter.to_be_bytes().into();
                self.cipher.encrypt_block(&mut block);
                self.block = block.into();
                // 2^128 blocks are never drawn.
                self.counter = self.counter.wrapping_add(1);
                self.used = 0;
            }
            *byte = self.block[self.used];
            self.used += 1;
        }
    }
}

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Generator {}
