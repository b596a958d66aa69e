package desk.intake;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;

/** Deterministic ids, so that a message that comes again says and does the same. */
final class Identity {

    private static final UUID NAMESPACE_URL =
            UUID.fromString("6ba7b811-9dad-11d1-80b4-00c04fd430c8");
    private static final String DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private Identity() {}

    /** The UUIDv5 of a message's source and id; an inquiry's id is that of its submission. */
    static UUID ofMessage(String source, String id) {
        return uuid5(NAMESPACE_URL, source + " " + id);
    }

    static UUID uuid5(UUID namespace, String name) {
        MessageDigest sha1 = sha("SHA-1");
        sha1.update(
                ByteBuffer.allocate(16)
                        .putLong(namespace.getMostSignificantBits())
                        .putLong(namespace.getLeastSignificantBits())
                        .array());
        ByteBuffer hash = ByteBuffer.wrap(sha1.digest(name.getBytes(UTF_8)));
        long high = hash.getLong() & ~0xF000L | 0x5000L;
        long low = hash.getLong() & 0x3FFFFFFFFFFFFFFFL | 0x8000000000000000L;
        return new UUID(high, low);
    }

    /** What people read out: ten Crockford base32 digits, made of the id's low 50 bits. */
    static String reference(UUID inquiryId) {
        var reference = new StringBuilder("INQ-");
        for (int shift = 45; shift >= 0; shift -= 5) {
            int digit = (int) (inquiryId.getLeastSignificantBits() >> shift) & 31;
            reference.append(DIGITS.charAt(digit));
        }
        return reference.insert(9, '-').toString();
    }

    static String digest(byte[] body) {
        return HexFormat.of().formatHex(sha("SHA-256").digest(body), 0, 16);
    }

    private static MessageDigest sha(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException everyJavaHasIt) {
            throw new IllegalStateException(everyJavaHasIt);
        }
    }
}
