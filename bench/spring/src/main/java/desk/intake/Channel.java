package desk.intake;

import com.fasterxml.jackson.annotation.JsonProperty;

/** The front-end through which a customer reached the desk. */
enum Channel {
    @JsonProperty("web")
    WEB,
    @JsonProperty("call_centre")
    CALL_CENTRE,
    @JsonProperty("post")
    POST,
    @JsonProperty("fax")
    FAX,
    @JsonProperty("partner")
    PARTNER
}
