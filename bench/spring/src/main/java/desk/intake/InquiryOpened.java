package desk.intake;

import java.time.OffsetDateTime;
import java.util.List;

/** A submission became an inquiry; {@code details} is what was submitted, line by line. */
record InquiryOpened(
        String inquiryId,
        String submissionId,
        String reference,
        String kind,
        String customerId,
        Channel channel,
        String subject,
        String queue,
        OffsetDateTime openedAt,
        OffsetDateTime answerDueAt,
        Contact contact,
        String language,
        List<String> contractNumbers,
        List<Detail> details) {

    static final String TYPE = "inquiry.opened.v1";

    record Detail(String field, String value) {}
}
